#!/usr/bin/env python3
"""Writes what other programs say about when cron expressions and recurrence rules fire, for tests/it/vectors.rs to compare.

Run by `cargo x schedule-vectors`, which installs requirements.txt first. The same seed and versions give the same files.

cron.txt     program, expression, zone, start, then the slots after it, each in seconds after the one before
rrule.txt    start of the rule, rule, moment, then the slots after that moment, each in seconds after the one before; all of it without a zone
"""

import os
import random
import re
import subprocess
import sys
import warnings
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path

os.environ["PYTHONTZPATH"] = ""  # The pinned tzdata, not the machine's.
import zoneinfo  # noqa: E402

zoneinfo.reset_tzpath([])

from croniter import croniter  # noqa: E402
from cronsim import CronSim, CronSimError  # noqa: E402
from dateutil import rrule as dateutil_rrule  # noqa: E402
from dateutil.rrule import rrulestr  # noqa: E402

SEED = 20260101
HERE = Path(__file__).parent
UTC = timezone.utc
ZONES = [
    "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Atlantic/Azores", "Antarctica/Troll", "Africa/Casablanca",
    "America/Havana", "Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "America/Santiago", "Asia/Beirut", "Africa/Cairo",
    "Asia/Kolkata", "Pacific/Apia", "America/Scoresbysund", "Europe/London", "UTC",
]
# Whose rules did not change lately, so that the machine's own data will do.
SYSTEMD_ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Europe/London", "Asia/Kolkata", "Pacific/Chatham", "UTC"]
FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def changes(zone):
    """The hours in which the clocks of a zone change."""
    info = zoneinfo.ZoneInfo(zone)
    found, at = [], FIRST
    while at < LAST:
        later = at + timedelta(hours=6)
        if at.astimezone(info).utcoffset() != later.astimezone(info).utcoffset():
            found.append(later)
        at = later
    return found


def start(rng, zone, near):
    """Any moment, but half of them shortly before or after the clocks change."""
    if near[zone] and rng.random() < 0.5:
        return rng.choice(near[zone]) + timedelta(minutes=rng.randint(-36 * 60, 12 * 60))
    return FIRST + timedelta(seconds=rng.randint(0, int((LAST - FIRST).total_seconds())))


# --- cron


def numbers(rng, low, high, names=None):
    name = (lambda n: names[n - low] if names and rng.random() < 0.3 else str(n))
    kind = rng.random()
    if kind < 0.35:
        return name(rng.randint(low, high))
    if kind < 0.55:
        a, b = sorted(rng.sample(range(low, high + 1), 2))
        return f"{name(a)}-{name(b)}"
    if kind < 0.7:
        a, b = sorted(rng.sample(range(low, high + 1), 2))
        return f"{a}-{b}/{rng.randint(1, 6)}"
    return ",".join(name(n) for n in sorted(rng.sample(range(low, high + 1), rng.randint(2, 4))))


def minute(rng):
    kind = rng.random()
    if kind < 0.45:
        return str(rng.choice([0, 0, 0, 1, 15, 29, 30, 30, 45, 59, rng.randint(0, 59)]))
    if kind < 0.55:
        return "*"
    if kind < 0.75:
        return f"*/{rng.choice([2, 5, 7, 10, 15, 20, 25, 30])}"
    return numbers(rng, 0, 59)


def hour(rng):
    kind = rng.random()
    if kind < 0.5:
        return str(rng.choice([0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 12, 23, rng.randint(0, 23)]))
    if kind < 0.65:
        return "*"
    if kind < 0.8:
        return f"*/{rng.choice([2, 3, 4, 5, 6, 8, 12])}"
    return numbers(rng, 0, 23)


def month(rng):
    kind = rng.random()
    if kind < 0.75:
        return "*"
    if kind < 0.8:
        return f"*/{rng.choice([2, 3, 5])}"
    return numbers(rng, 1, 12, MONTHS)


def cron(rng, dialect):
    """An expression as taskey writes it, and as the other program does."""
    plain = dialect == "systemd"
    kind = rng.random()
    day, weekday = "*", "*"
    special = None
    if kind < 0.35:
        pass
    elif kind < 0.5:
        day = numbers(rng, 1, 31)
    elif kind < 0.65:
        weekday = numbers(rng, 0, 6, DAYS)
    elif kind < 0.75 and not plain:
        day, weekday = numbers(rng, 1, 31), numbers(rng, 0, 6, DAYS)
    elif kind < 0.82 and not plain:
        day = f"*/{rng.choice([2, 3, 5, 10])}"
        weekday = numbers(rng, 0, 6) if rng.random() < 0.5 else "*"
    elif kind < 0.87 and not plain:
        day = "L"
    elif kind < 0.9 and dialect == "cronsim":
        day = "LW"
    elif kind < 0.95 and not plain:
        weekday = f"{rng.randint(0, 6)}#{rng.randint(1, 5)}"
    elif not plain:
        special = rng.randint(0, 6)
    fields = [minute(rng), hour(rng), day, month(rng), weekday]
    if special is None:
        return " ".join(fields), " ".join(fields)
    fields[4] = f"{DAYS[special]}#L"
    ours = " ".join(fields)
    fields[4] = f"{special}L" if dialect == "cronsim" else f"L{special}"
    return ours, " ".join(fields)


def by_cronsim(expression, at, zone):
    runs = CronSim(expression, at.astimezone(zoneinfo.ZoneInfo(zone)))
    return [next(runs) for _ in range(4)]


def by_croniter(expression, at, zone):
    runs = croniter(expression, at.astimezone(zoneinfo.ZoneInfo(zone)))
    return [runs.get_next(datetime) for _ in range(4)]


def by_croniter_seconds(expression, at, zone):
    runs = croniter(expression, at.astimezone(zoneinfo.ZoneInfo(zone)), second_at_beginning=True)
    return [runs.get_next(datetime) for _ in range(4)]


def calendar_of(expression):
    """A cron expression as systemd writes it."""
    minute, hour, day, month, weekday = expression.split()

    def field(text, low, high):
        if text == "*":
            return "*"
        parts = []
        for part in text.split(","):
            body, _, step = part.partition("/")
            if body == "*":
                parts.append(f"{low}..{high}/{step}")
            elif "-" in body:
                parts.append(body.replace("-", "..") + (f"/{step}" if step else ""))
            else:
                parts.append(body)
        return ",".join(parts)

    for index, name in enumerate(MONTHS):
        month = month.replace(name, str(index + 1))
    days = ""
    if weekday != "*":
        for index, name in enumerate(DAYS):
            weekday = weekday.replace(name, str(index))
        named = set()
        for part in weekday.split(","):
            body, _, step = part.partition("/")
            low, _, high = body.partition("-")
            named.update(range(int(low), int(high or low) + 1, int(step or 1)))
        days = ",".join(DAYS[n].capitalize() for n in sorted(named)) + " "
    return f"{days}*-{field(month, 1, 12)}-{field(day, 1, 31)} {field(hour, 0, 23)}:{field(minute, 0, 59)}:00"


def by_systemd(expression, at, zone):
    base = at.strftime("%Y-%m-%d %H:%M:%S UTC")
    command = ["systemd-analyze", "calendar", f"--base-time={base}", "--iterations=3", f"{calendar_of(expression)} {zone}"]
    out = subprocess.run(command, capture_output=True, text=True, check=True, env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"}).stdout
    times = re.findall(r"(?:Next elapse|Iter\. #\d+): \w+ (\S+ \S+) UTC", out)
    return [datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for text in times]


def cron_cases(out, rng, name, count, answer, zones, near):
    dialect = name.split("+")[0]
    seen = 0
    while seen < count:
        ours, theirs = cron(rng, dialect)
        zone = rng.choice(zones)
        at = start(rng, zone, near).replace(microsecond=0)
        if "+" in name:
            second = rng.choice(["0", "30", "*/10", "*/15", "5,55", "10-20/5", "*"])
            ours, theirs = f"{second} {ours}", f"{second} {theirs}"
        try:
            slots = answer(theirs, at, zone)
        except (CronSimError, StopIteration, RuntimeError, ValueError, KeyError):
            continue  # It never fires, or is not read there.
        if not slots:
            continue
        steps, last = [], int(at.timestamp())
        for slot in slots:
            then = int(slot.astimezone(UTC).timestamp())
            steps.append(str(then - last))
            last = then
        out.write(f"{name}|{ours}|{zone}|{int(at.timestamp())}|{','.join(steps)}\n")
        seen += 1


# --- recurrence rules


def some(rng, low, high, most=3, negative=False):
    picked = rng.sample(range(low, high + 1), rng.randint(1, most))
    return ",".join(str(-n if negative and n and rng.random() < 0.35 else n) for n in sorted(picked))


def rule(rng):
    frequency = rng.choices(
        ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"], [25, 25, 15, 15, 10, 8, 2])[0]
    sub_daily = frequency in ("HOURLY", "MINUTELY", "SECONDLY")
    parts = [f"FREQ={frequency}"]
    if rng.random() < 0.5:
        parts.append(f"INTERVAL={rng.choice([1, 2, 3, 4, 5, 7, 12, 90] if sub_daily else [1, 2, 2, 3, 4, 5, 7])}")
    days = []
    if rng.random() < 0.35:
        parts.append("BYMONTH=" + some(rng, 1, 12))
    kind = rng.random()
    if frequency == "YEARLY" and kind < 0.2:
        days.append("BYWEEKNO=" + some(rng, 1, 52, negative=True))
        if rng.random() < 0.6:
            days.append("BYDAY=" + ",".join(rng.sample(["MO", "TU", "WE", "TH", "FR", "SA", "SU"], rng.randint(1, 3))))
    elif (frequency == "YEARLY" or sub_daily) and kind < 0.35:
        days.append("BYYEARDAY=" + some(rng, 1, 366, negative=True))
    elif frequency != "WEEKLY" and kind < 0.6:
        days.append("BYMONTHDAY=" + some(rng, 1, 31, negative=True))
        if rng.random() < 0.2:
            days.append("BYDAY=" + rng.choice(["FR", "MO,TU,WE,TH,FR", "SA,SU"]))
    elif kind < 0.9:
        if frequency in ("YEARLY", "MONTHLY") and rng.random() < 0.6:
            nth = [n for n in range(-5, 6) if n]
            picked = [f"{rng.choice(nth)}{day}" for day in rng.sample(["MO", "TU", "WE", "TH", "FR", "SA", "SU"], rng.randint(1, 2))]
            if rng.random() < 0.1:
                picked.append(rng.choice(["MO", "FR"]))
            days.append("BYDAY=" + ",".join(picked))
        else:
            days.append("BYDAY=" + ",".join(rng.sample(["MO", "TU", "WE", "TH", "FR", "SA", "SU"], rng.randint(1, 4))))
    parts += days
    times = []
    if rng.random() < 0.3:
        times.append("BYHOUR=" + some(rng, 0, 23))
    if rng.random() < 0.25:
        times.append("BYMINUTE=" + some(rng, 0, 59))
    if rng.random() < 0.15:
        times.append("BYSECOND=" + some(rng, 0, 59))
    parts += times
    if (days or times) and rng.random() < 0.2:
        parts.append("BYSETPOS=" + some(rng, 1, 5, 2, negative=True))
    if rng.random() < 0.2:
        parts.append("WKST=" + rng.choice(["MO", "SU", "SA", "WE"]))
    ending = rng.random()
    if ending < 0.15:
        parts.append(f"COUNT={rng.randint(1, 30)}")
    elif ending < 0.3:
        until = datetime(2026, 1, 1) + timedelta(seconds=rng.randint(0, 6 * 366 * 86_400))
        parts.append(f"UNTIL={until:%Y%m%dT%H%M%S}")
    return ";".join(parts)


def rrule_cases(out, rng, count):
    origin = datetime(1970, 1, 1)
    seen = 0
    while seen < count:
        text = rule(rng)
        begin = datetime(2024, 1, 1) + timedelta(seconds=rng.randint(0, 2 * 366 * 86_400) // 60 * 60)
        days = next((days for name, days in REACH.items() if name in text), 3 * 366)
        moment = begin + timedelta(seconds=rng.choice([-1, 0, rng.randint(0, days * 86_400)]))
        slots = answer_rule(text, begin, moment, begin + timedelta(days=2 * days if days < 1_000 else 12_000))
        if slots is None:
            continue
        steps, last = [], moment
        for slot in slots:
            steps.append(str(int((slot - last).total_seconds())))
            last = slot
        out.write(f"{begin:%Y%m%dT%H%M%S}|{text}|{int((moment - origin).total_seconds())}|{','.join(steps)}\n")
        seen += 1


# dateutil goes through every period, so that short ones are asked for not far from their start.
REACH = {"SECONDLY": 1, "MINUTELY": 30, "HOURLY": 300}


class PastHorizon(Exception):
    pass


class Years(dateutil_rrule._iterinfo):
    """What dateutil looks up for each month: a rule that never fires would go on until the year 9999."""

    horizon = (9999, 12)

    def rebuild(self, year, month):
        if (year, month) > Years.horizon:
            raise PastHorizon
        super().rebuild(year, month)


dateutil_rrule._iterinfo = Years


def answer_rule(text, begin, moment, horizon):
    """The four slots after a moment, fewer where the rule ends; None where it goes on past the horizon."""
    warnings.simplefilter("ignore")  # COUNT and UNTIL together, which only this function writes.
    last = f"{horizon:%Y%m%dT%H%M%S}"
    if "UNTIL=" in text:
        ends = True
        text = re.sub(r"UNTIL=(\w+)", lambda found: "UNTIL=" + min(found[1], last), text)
        if f"UNTIL={last}" in text:
            ends = False
    else:
        ends = False
        text = f"{text};UNTIL={last}"
    slots, total = [], 0
    Years.horizon = (horizon.year, horizon.month)
    try:
        for slot in rrulestr(text, dtstart=begin):
            total += 1
            if slot > moment:
                slots.append(slot)
            if len(slots) == 4:
                return slots
    except PastHorizon:
        return None
    except ValueError:
        return None  # Its interval never meets its times, dateutil says.
    if "COUNT=" in text:
        ends = total == int(re.search(r"COUNT=(\d+)", text)[1])
    return slots if ends else None


def main():
    near = {zone: changes(zone) for zone in ZONES}
    systemd = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    versions = ", ".join(f"{name} {version(name)}" for name in ["croniter", "cronsim", "python-dateutil", "tzdata"])
    head = f"# Written by make.py with seed {SEED}: {versions}, {systemd}, Python {sys.version.split()[0]}\n"
    rng = random.Random(SEED)
    with open(HERE / "cron.txt", "w") as out:
        out.write(head)
        cron_cases(out, rng, "cronsim", 5_000, by_cronsim, ZONES, near)
        cron_cases(out, rng, "croniter", 3_500, by_croniter, ZONES, near)
        cron_cases(out, rng, "croniter+seconds", 500, by_croniter_seconds, ["UTC"], near)
        cron_cases(out, rng, "systemd", 1_500, by_systemd, SYSTEMD_ZONES, near)
    with open(HERE / "rrule.txt", "w") as out:
        out.write(head)
        rrule_cases(out, random.Random(SEED + 1), 4_500)


main()
