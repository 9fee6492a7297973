//! Passwords that are tried first, whatever they are decorated with: common words, rows of keys, repetitions, and the account's own name.
//!
//! There are no rules of composition: they lead to `Summer2024!`, which is refused here. What is compared is the password without
//! the digits and symbols around it, its look-alike characters read as letters.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Why a password is too well known; `context` is what belongs to the account, such as user name and organization.
pub fn problem(password: &str, context: &[&str]) -> Option<String> {
    let text: String = password.chars().flat_map(char::to_lowercase).filter(|c| !is_separator(*c)).collect();
    if is_repetition(&text) {
        return Some("not the same few characters again and again; take a few words that do not belong together".to_owned());
    }
    if is_row(&text) {
        return Some("not a row of keys, letters or numbers; take a few words that do not belong together".to_owned());
    }
    let context = Context::of(context);
    let readings = readings(&text);
    if readings.iter().any(|reading| is_made_of(reading, &|word| context.has(word))) {
        return Some("more than the name of the user or the organization; take a few words that do not belong together".to_owned());
    }
    let is_known = |word: &str| ROOTS.contains(word) || context.has(word);
    if readings.iter().any(|reading| is_made_of(reading, &is_known)) {
        return Some("not one of those that are tried first; take a few words that do not belong together".to_owned());
    }
    None
}

/// The words of what belongs to the account: as a whole and in their parts, forwards and backwards.
struct Context(HashSet<String>);

impl Context {
    fn of(texts: &[&str]) -> Self {
        let mut words = HashSet::new();
        for text in texts {
            let text: String = text.chars().flat_map(char::to_lowercase).collect();
            let whole: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            let parts = text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
            for word in parts.chain([whole]) {
                // A password that is a user name with digits is trimmed of them; so must the name be.
                let trimmed = word.trim_matches(|c: char| !c.is_alphabetic()).to_owned();
                for word in [word, trimmed] {
                    if word.chars().count() >= CONTEXT_LEN_MIN {
                        words.insert(word.chars().rev().collect());
                        words.insert(word);
                    }
                }
            }
        }
        Self(words)
    }

    fn has(&self, word: &str) -> bool {
        self.0.contains(word)
    }
}

/// Shorter parts of names would stand in every other password.
const CONTEXT_LEN_MIN: usize = 3;
/// Digits and symbols at an end that may be read as letters; what is further in is taken off.
const EDGE_MAX: usize = 8;
/// Longer than any two roots.
const ROOTS_LEN_MAX: usize = 40;

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '_' | '.' | ',' | '\'')
}

/// What a password may be meant as: with more or less taken off its ends, and look-alikes read one way or the other.
fn readings(text: &str) -> HashSet<String> {
    let letters: Vec<char> = text.chars().collect();
    let is_edge = |c: &&char| !c.is_alphabetic();
    let (head, tail) = (letters.iter().take_while(is_edge).count(), letters.iter().rev().take_while(is_edge).count());
    let mut readings = HashSet::from([text.to_owned()]);
    if head == letters.len() {
        return readings;
    }
    for start in head.saturating_sub(EDGE_MAX)..=head {
        for end in letters.len() - tail..=letters.len() - tail.saturating_sub(EDGE_MAX) {
            let core = &letters[start..end];
            readings.insert(core.iter().map(|c| as_letter(*c, 'i')).collect());
            readings.insert(core.iter().map(|c| as_letter(*c, 'l')).collect());
        }
    }
    readings
}

/// The letter that a digit or symbol is written for; `one` is what 1 and its like stand for.
fn as_letter(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        '(' => 'c',
        other => other,
    }
}

/// Whether a text is one known word, several times the same, two of them, or one of these backwards.
fn is_made_of(text: &str, is_known: &impl Fn(&str) -> bool) -> bool {
    let once = &text[..period(text)];
    let backwards: String = text.chars().rev().collect();
    if is_known(once) || is_known(text) || is_known(&backwards) {
        return true;
    }
    let inner = text.char_indices().map(|(at, _)| at).skip(1);
    text.len() <= ROOTS_LEN_MAX && inner.into_iter().any(|at| is_known(&text[..at]) && is_known(&text[at..]))
}

/// Length in bytes of the shortest piece that a text is a whole number of.
fn period(text: &str) -> usize {
    let starts = text.char_indices().map(|(at, _)| at).skip(1);
    let whole =
        |len: &usize| text.len().is_multiple_of(*len) && text.as_bytes().chunks(*len).all(|chunk| chunk == &text.as_bytes()[..*len]);
    starts.into_iter().find(whole).unwrap_or(text.len())
}

/// Whether it is one or two characters, or a short pattern from beginning to end.
fn is_repetition(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let kinds: HashSet<&char> = letters.iter().collect();
    let repeats = |len: usize| letters.len() >= 2 * len && letters.iter().zip(&letters[len..]).all(|(one, next)| one == next);
    kinds.len() <= 2 || (1..=4).any(repeats)
}

const KEYBOARD: [&str; 9] = [
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp",
];
/// Shorter ones stand in words.
const ROW_LEN_MIN: usize = 3;

/// Whether nothing but rows of at least three stand in it: of the alphabet, of digits, of keys, in either direction, every character
/// once or twice, or two rows in turns.
fn is_row(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let mut single = letters.clone();
    single.dedup();
    let every_second = |from: usize| letters.iter().skip(from).step_by(2).copied().collect::<Vec<_>>();
    is_of_rows(&letters) || is_of_rows(&single) || (is_of_rows(&every_second(0)) && is_of_rows(&every_second(1)))
}

fn is_of_rows(letters: &[char]) -> bool {
    let mut rest = letters;
    while !rest.is_empty() {
        let len = row_len(rest);
        if len < ROW_LEN_MIN {
            return false;
        }
        rest = &rest[len..];
    }
    !letters.is_empty()
}

/// How many characters at the beginning are one row.
fn row_len(letters: &[char]) -> usize {
    let steps = [-1, 0, 1].map(|step| 1 + letters.windows(2).take_while(|pair| pair[1] as i64 - pair[0] as i64 == step).count());
    let rows = KEYBOARD.iter().flat_map(|row| [on_row(letters, row.chars()), on_row(letters, row.chars().rev())]);
    steps.into_iter().chain(rows).max().unwrap_or(0)
}

fn on_row(letters: &[char], row: impl Iterator<Item = char>) -> usize {
    let from = row.skip_while(|c| letters.first() != Some(c));
    letters.iter().zip(from).take_while(|(own, key)| **own == *key).count()
}

static ROOTS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| ROOT_WORDS.split_whitespace().collect());

/// Our own list, of what people choose when a form asks for a password. Short ones count too: `abc` with digits is one.
const ROOT_WORDS: &str = "
    password passwort passwd passphrase passcode pass pwd pw motdepasse contrasena contraseña senha parola wachtwoord haslo lozinka
    passwordpassword mypassword thepassword yourpassword newpassword oldpassword nopassword password1word passme passkey
    letmein letmeinnow openup opensesame sesame welcome welcomeback willkommen bienvenue bienvenido hello hallo hola bonjour ciao
    changeme changethis change changeit pleasechange replaceme default standard initial temp temporary tmp secret secrets topsecret
    geheim private privat access accessgranted login logon signin signon enter entry open unlock trustme trustno trustnoone
    admin administrator administrador root toor superuser super sysadmin system sysop operator operador master manager owner boss
    user username guest visitor anonymous nobody someone everyone staff team office account support service helpdesk helpme info
    test tests tester testing testtest testuser tester demo example sample dummy foo bar foobar foobarbaz baz qux hunter
    taskey taskeyd task tasks tasker agent agents server servers service client device devices machine machines runner runs job jobs
    schedule scheduler automation automate cron worker queue deploy deployment build pipeline release staging production prod dev
    develop developer devops cloud linux ubuntu debian fedora centos redhat suse arch windows microsoft apple macbook android google
    oracle postgres postgresql mysql sqlite mongodb redis database data docker kubernetes ansible jenkins gitlab github raspberry
    raspberrypi pi cisco router switch network internet wifi wireless computer laptop desktop keyboard monitor printer phone mobile
    qwerty qwertz azerty qwert asdf asdfgh asdfjkl zxcv zxcvb yxcv qweasd qweasdzxc qaz wsx qazwsx wasd abc abcd abcde xyz
    iloveyou iloveu ilovey loveyou loveme lover lovers lovely love loving truelove mylove babylove iloveme ihateyou hateyou
    sweet sweety sweetie sweetheart honey darling baby babygirl babyboy angel angels princess prince queen king kings
    dragon dragons monkey monkeys shadow master tiger tigers lion lions eagle eagles falcon wolf wolves bear bears panther jaguar
    horse horses pony unicorn dolphin dolphins shark butterfly spider snake turtle rabbit bunny kitten kitty cat cats dog dogs doggy
    puppy chicken duck pepper ginger cookie cookies coffee chocolate cheese banana orange cherry peaches pumpkin apples strawberry
    vanilla sugar candy pizza hamburger whiskey vodka tequila bacon
    sunshine sunflower flower flowers rose summer winter spring autumn fall sommer herbst fruhling frühling verano invierno ete hiver
    january february march april may june july august september october november december januar februar marz märz mai juni juli
    oktober dezember enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre janvier fevrier mars
    avril juin juillet aout septembre octobre novembre decembre
    monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag weekend
    today tomorrow yesterday birthday christmas easter halloween holiday holidays vacation
    football fussball futbol soccer baseball basketball hockey tennis golf golfer rugby cricket boxing racing running swimming
    liverpool arsenal chelsea barcelona barca realmadrid madrid juventus milan bayern dortmund manchester united manutd everton celtic
    rangers benfica ajax psg yankees redsox lakers celtics cowboys steelers packers patriots dodgers giants bulls warriors
    superman batman spiderman ironman wonderwoman starwars skywalker yoda vader matrix pokemon pikachu mario zelda naruto goku
    minecraft fortnite starcraft warcraft counterstrike gandalf frodo hobbit potter harrypotter hogwarts snoopy mickey mickeymouse
    minnie garfield simpson tinkerbell barbie hellokitty nintendo playstation xbox gamer ninja samurai pirate wizard magic merlin
    phoenix thunder lightning storm rainbow star stars moon sun sky ocean water fire ice earth heaven hell devil demon satan god
    jesus jesuschrist christ lord blessed blessing faith hope grace peace freedom liberty justice america american canada england
    london paris berlin vienna wien zurich rome madrid tokyo newyork boston chicago dallas texas florida california germany
    deutschland austria osterreich österreich schweiz switzerland france italia italy spain espana russia china india brazil mexico
    michael michelle jessica jennifer ashley amanda daniel daniela david andrew andrea andreas anthony thomas matthew joshua james
    john johnny robert william christopher christian christine christina nicole stephanie stefan stefanie sarah sara laura lauren
    hannah hanna anna anne maria marie mary martin martina markus marcus peter petra paul paula patrick patricia alexander alexandra
    alex sandra sabine susanne claudia monica monika julia juliana jan jonas lukas lucas luca leon felix max maximilian moritz tobias
    sebastian florian philipp simon charlie charles george harry henry oliver jack jackson jacob samuel sam samantha sophia sophie
    emma olivia emily elizabeth victoria natalie natasha vanessa melissa rebecca rachel robin jordan taylor morgan tyler austin
    brandon justin kevin jason brian eric steven scott mark jose juan carlos miguel antonio francisco manuel pedro luis diego carmen
    lucia giovanni francesco giuseppe marco mario ivan dmitry sergey olga tatiana mohammed muhammad ahmed ali fatima
    buster bailey rocky rocket bandit max maggie molly lucky lucy bella charlie cooper harley ferrari porsche mercedes audi bmw
    mustang corvette camaro yamaha honda toyota chevrolet ford
    killer hacker hack hacked cracker leet elite mafia gangster thug hunter ranger trooper soldier marine army navy sniper
    maverick viper cobra raptor spartan trojan titan knight warrior champion winner winning number one numberone
    sexy sex sexsex porn pussy fuck fucker fuckyou fuckoff fuckme fuckit asshole bitch bastard shit bullshit damn dick
    money dollar dollars cash rich million millionaire gold golden silver diamond platinum crystal
    music guitar piano drummer metallica nirvana slipknot beatles elvis madonna eminem rock rocknroll
    purple yellow green orange blue black white red pink silver
    happy smile smiley lucky luckyme forever family mother father mommy daddy brother sister friend friends bestfriend
    school student students teacher college university company business work working home house garden
    whatever nothing something anything everything blah blahblah none null nil void undefined unknown idontknow dontknow forgot
    forgotten remember please thanks thankyou goodbye bye yes no okay ok cool awesome great super best perfect
    asd qwe zxc aaa bbb xxx zzz www com http https email mail gmail yahoo hotmail facebook instagram twitter youtube netflix amazon
    ";

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> Option<String> {
        problem(password, &["ann.smith", "Acme Rockets"])
    }

    #[test]
    fn what_is_tried_first_is_refused_however_it_is_decorated() {
        for password in [
            "password",
            "Password1!",
            "P@ssw0rd",
            "p455w0rd!!",
            "Pa$$word123",
            "PASSWORD2024",
            "passwordpassword",
            "drowssap",
            "pass word 1",
            "letmein1",
            "L3tM31n!",
            "welcome1",
            "Welcome-2024",
            "w3lc0me!!",
            "iloveyou",
            "I love you!",
            "iloveyou2",
            "monkey123",
            "dragon99!",
            "Summer2024!",
            "winter-25",
            "S3ptember!",
            "liverpool1",
            "superman!",
            "jennifer7",
            "michael1985",
            "changeme",
            "ChangeMe!1",
            "taskey123",
            "t4sk3y!!",
            "taskeyadmin",
            "adminadmin",
            "admin1234",
            "welcomewelcome",
            "administrator",
            "0000admin",
            "!!!admin!!!",
            "admin-password",
            "mastermaster",
            "trustno1!",
            "test1234",
            "testtest1",
            "secret123",
            "$ecret$$",
            "hello123!",
            "sunshine*",
        ] {
            let why = refused(password).unwrap_or_else(|| panic!("{password} is taken"));
            assert!(why.contains("tried first"), "{password}: {why}");
        }
    }

    #[test]
    fn rows_and_repetitions_are_refused() {
        for password in [
            "12345678",
            "123456789",
            "1234567890",
            "87654321",
            "0987654321",
            "abcdefgh",
            "hgfedcba",
            "qwertyuiop",
            "poiuytrewq",
            "asdfghjkl",
            "qwertzuiop",
            "azertyuiop",
            "qwerty123456",
            "abc12345",
            "1234qwer",
            "asdf1234",
            "asdfqwer",
            "qwerasdf",
            "1qaz2wsx",
            "1qaz2wsx3edc",
            "qazwsxedc",
            "112233445566",
            "q1w2e3r4t5y6",
            "a1b2c3d4e5f6",
            "abcd-1234",
            "1234 5678",
            "zxcvbnm123",
            "ABCabc123",
            "98765432",
        ] {
            assert!(refused(password).unwrap_or_else(|| panic!("{password} is taken")).contains("row"), "{password}");
        }
        for password in
            ["abababab", "r00tr00t", "acmeacme", "xyzzxyzz", "k9k9k9k9", "a7f2a7f2a7f2", "xyxyyxyx", "........", "0101010100", "ф1ф1ф1ф1"]
        {
            let why = refused(password).unwrap_or_else(|| panic!("{password} is taken"));
            assert!(why.contains("again and again"), "{password}: {why}");
        }
    }

    #[test]
    fn the_names_of_the_account_alone_are_refused() {
        for password in [
            "annsmith",
            "Ann.Smith!",
            "4nn5m1th",
            "ann-smith-2024",
            "htimsnna",
            "smith1234",
            "AcmeRockets",
            "acme2024!!",
            "rockets#1",
            "rocketsrockets",
        ] {
            let why = refused(password).unwrap_or_else(|| panic!("{password} is taken"));
            assert!(why.contains("name of the user"), "{password}: {why}");
        }
        assert!(refused("acme-password").unwrap().contains("tried first"));
        assert!(problem("user2024", &["user2024"]).is_some());
        assert!(problem("jdoe77!!", &["jdoe77@example.org"]).is_some());
        assert_eq!(problem("smith1234", &["bob", "Umbrella"]), None, "somebody else's name");
        assert_eq!(problem("correct battery", &["a", "b"]), None, "a name of one letter stands in every password");
    }

    #[test]
    fn what_is_not_known_is_taken_whatever_it_is_made_of() {
        for password in [
            "correct horse battery",
            "correct horse",
            "another password",
            "correct horse battery staple",
            "wrong password",
            "not the password",
            "purple-fish-tango",
            "summer in the attic",
            "kF9#xQ2v",
            "tr0ub4dor&3",
            "myhorseateit",
            "8f3a91c07d",
            "gnarlbit",
            "passwordless joy",
            "zwei blaue Enten",
            "пароль из слов",
            "合言葉は犬と猫です",
            "dragons hate tuesdays",
            "ann likes to sail",
            "acme is not my word",
            "1 2 buckle my shoe",
        ] {
            assert_eq!(refused(password), None, "{password}");
        }
    }

    #[test]
    fn the_longest_password_is_read_at_once() {
        let long = "1!".repeat(250) + &"pass".repeat(125) + &"0$".repeat(250);
        let started = std::time::Instant::now();
        let _ = refused(&long[..1_000]);
        assert!(started.elapsed() < std::time::Duration::from_secs(1));
    }
}
