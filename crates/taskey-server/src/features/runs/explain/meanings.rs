//! What the reason codes mean for somebody who asks why, and what to do: every code that the server or an agent writes.

/// A sentence or two that goes with what the reason itself tells; `None` for codes of agents that are newer than this server.
pub(super) fn of(code: &str) -> Option<&'static str> {
    MEANINGS.iter().find(|(known, _)| *known == code).map(|(_, meaning)| *meaning)
}

pub(super) const MEANINGS: &[(&str, &str)] = &[
    // Written by the server.
    ("offline", "`when_offline` of a run says what becomes of devices that are away, `expires_in` how long it waits for them."),
    ("cancelled", "Start it again if it is to run after all."),
    ("purged", "Everything that waited for the device was thrown away; start it again if it is to run after all."),
    ("device_removed", "What waits for a device ends with its enrolment, and does not pass to one that enrols later under the same name."),
    ("restored", "It may have run between the backup and the restore; if its device reports that, this is corrected."),
    ("not_held", "The device's state folder may have been lost or put back. A late report would correct this."),
    ("no_report", "The device may be gone for good. A late report would correct this."),
    ("late_report", "The device reported only after it had been given up."),
    // Of the order, found by the device before anything ran.
    ("bad_signature", "The device trusts one server's key, and this order was signed with another."),
    ("unreadable_document", "The agent may be older than the server; update it."),
    ("task_altered", "The task's bytes are not those that were signed."),
    ("authorization_altered", "The authorization's bytes are not those that were signed."),
    ("not_included", "The order does not prove that it belongs to its run."),
    ("not_targeted", "The authorization does not name this device."),
    ("not_yet_valid", "The device's clock may be behind; compare it with the server's."),
    ("expired", "The order reached the device, and its time was over before the device could begin it; give it longer with `expires_in`."),
    ("old_epoch", "The order is from before a restore of the server."),
    ("journal_failed", "Its disk may be full or not writable."),
    // The policy that the device's owner wrote.
    ("policy_missing", "Without a policy nothing runs; its owner writes one in the agent's policy folder."),
    ("policy_invalid", "Its owner has to mend the policy; `taskeyd policy test` says where it is wrong."),
    ("policy_action", "The device's owner decides that in its policy."),
    ("policy_user", "The device's owner decides in its policy as whom something may run."),
    ("policy_signer", "The device's owner decides in its policy whose signatures count."),
    ("policy_path", "The device's owner decides in its policy which files may be read."),
    ("policy_host", "The device's owner decides in its policy which hosts may be asked."),
    ("unsupported", "The agent may be older than the server; update it."),
    ("limit_unsupported", "Without control groups a limit cannot be kept; leave the limits out, or give the agent a control group."),
    ("secret_unreadable", "The device may have been given new keys meanwhile; start it again."),
    ("secret_missing", "The secret may have been removed after the run was started."),
    // Of schedules on the device.
    ("on_device", "The device fires the schedule by itself and tells of it when it reaches the server."),
    ("schedule_changed", "Slots that had not begun when it was changed begin nothing; the new schedule starts with its next one."),
    ("replaced", "Its schedule says `overlap: replace`: the newest slot goes before those that still wait."),
    ("lease_lapsed", "A device that has not heard of the server for 35 days stops its schedules; it goes on when it has."),
    // Of what ran.
    ("exit_code", "The program itself says that it failed; its output may tell why."),
    ("signal", "Something on the device ended the program."),
    ("start_failed", "Program, interpreter, user or folder may be missing there."),
    ("out_of_memory", "Give it more with `limits.memory`, or let it use less."),
    ("timeout", "Give the action more time with `timeout`."),
    ("agent_stopped", "Whoever administers the device stopped its agent, and with it what ran."),
    ("agent_restart", "The agent was killed or the device restarted while it ran; how far it got is not known."),
    ("journal_damaged", "The device's disk may be failing; what was written there cannot be read any more."),
    ("previous_failed", "An action runs after one that failed only with `on_failure: continue`."),
    ("not_started", "A device refuses a task as a whole, even if it would refuse only one of its actions."),
    // Of files and requests.
    ("file_missing", "Compare the path with what is there."),
    ("file_unreadable", "The user that the action runs as may not read it."),
    ("not_a_file", "Only files on disks are read, not devices, folders or what the kernel makes up."),
    ("bad_url", "Mend the address in the task."),
    ("bad_header", "Mend the header, or the secret that it is made of."),
    ("http_status", "`expect_status` says which answers count as success."),
    ("unreachable", "The device asks from where it stands; names and firewalls may be others there."),
    ("tls_failed", "The device has to trust the certificate."),
    ("bad_answer", "What answered may not speak HTTP."),
    ("too_many_redirects", "Ask the last address directly."),
    ("too_large", "More than that is not taken in."),
    ("errand_failed", "The agent's own process broke; its log on the device may tell why."),
];
