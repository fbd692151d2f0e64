//! Every rule: its stable code, its name, its level, and its page under `docs/rules/`.

use super::Level;

/// What is known of a rule.
#[derive(Debug)]
pub struct RuleInfo {
    pub rule: Rule,
    /// Stable for life; the first letters name the family.
    pub code: &'static str,
    /// The name of its page, `docs/rules/NAME.md`.
    pub name: &'static str,
    pub level: Level,
    /// The long form: why, an example that triggers exactly this rule, and its repair.
    pub page: &'static str,
}

macro_rules! rules {
    ($($rule:ident $code:literal $name:literal $level:ident;)*) => {
        /// A rule that a finding breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($rule,)* }

        /// All rules, in the order of their codes.
        pub static RULES: &[RuleInfo] = &[
            $(RuleInfo {
                rule: Rule::$rule,
                code: $code,
                name: $name,
                level: Level::$level,
                page: include_str!(concat!("../../docs/rules/", $name, ".md")),
            },)*
        ];
    };
}

// S syntax, N names, T types, F flow, C consent and policy, M messages and their templates, D data.
rules! {
    UnexpectedText "S001" "unexpected-text" Error;
    NotUtf8 "S002" "not-utf8" Error;
    TooLarge "S003" "too-large" Error;
    TooDeep "S004" "too-deep" Error;
    EmptyFile "S005" "empty-file" Warning;
    EmptyFolder "S006" "empty-folder" Warning;
    UnclosedBrace "S007" "unclosed-brace" Error;
    UnclosedText "S008" "unclosed-text" Error;
    ReservedWord "S009" "reserved-word" Error;
    BareScenarioNotAlone "S010" "bare-scenario-not-alone" Error;
    ClauseAfterStep "S011" "clause-after-step" Error;
    ClauseTwice "S012" "clause-twice" Error;
    SilenceWrong "S014" "silence-wrong" Warning;
    SilenceUnused "S015" "silence-unused" Warning;
    FileUnreadable "S016" "file-unreadable" Error;
    SaidTwice "S020" "said-twice" Warning;
    TornDuration "S021" "torn-duration" Warning;
    IfBesideBrace "S022" "if-beside-brace" Warning;
    UnknownName "N001" "unknown-name" Error;
    DeclaredTwice "N002" "declared-twice" Error;
    UnknownField "N003" "unknown-field" Error;
    UnknownUnit "N004" "unknown-unit" Error;
    UnknownChannel "N005" "unknown-channel" Error;
    UnknownType "N006" "unknown-type" Error;
    DefinitionCycle "N007" "definition-cycle" Error;
    WrongArguments "N008" "wrong-arguments" Error;
    UnusedColumn "N009" "unused-column" Warning;
    TypeMismatch "T001" "type-mismatch" Error;
    NotACondition "T002" "not-a-condition" Error;
    HistoryCompared "T003" "history-compared" Error;
    MaybeMissing "T004" "maybe-missing" Warning;
    MissingWindow "T005" "missing-window" Error;
    OutOfContext "T006" "out-of-context" Error;
    NotAFilter "T007" "not-a-filter" Error;
    ForeignCurrency "T008" "foreign-currency" Error;
    BadLiteral "T009" "bad-literal" Error;
    Unreachable "F001" "unreachable" Error;
    NoSteps "F002" "no-steps" Error;
    NoTrigger "F003" "no-trigger" Error;
    WaitInThePast "F004" "wait-in-the-past" Error;
    GoalBeforeMessage "F005" "goal-before-message" Warning;
    SeveralAtOnce "F006" "several-at-once" Note;
    TogetherWithoutWait "F007" "together-without-wait" Error;
    TooManySteps "F008" "too-many-steps" Error;
    NoExpectation "F009" "no-expectation" Warning;
    NeverStarted "F010" "never-started" Warning;
    Endless "F011" "endless" Error;
    ErasureWhileWaiting "F012" "erasure-while-waiting" Note;
    AskedBeforeSent "F013" "asked-before-sent" Warning;
    NoConsentSource "C001" "no-consent-source" Note;
    PolicyOverConfiguration "C002" "policy-over-configuration" Note;
    HastyErasure "C003" "hasty-erasure" Error;
    ConsentLogWrong "C005" "consent-log-wrong" Error;
    ConsentTwice "C006" "consent-twice" Error;
    MarketingToUnsubscribed "C007" "marketing-to-unsubscribed" Warning;
    TwoAtOnce "C020" "two-at-once" Note;
    OftenStarted "C021" "often-started" Warning;
    EmptyPolicy "C004" "empty-policy" Warning;
    TemplateMissing "M001" "template-missing" Error;
    TemplateUnknownVariable "M002" "template-unknown-variable" Error;
    TemplateMaybeMissing "M003" "template-maybe-missing" Warning;
    TemplateBroken "M004" "template-broken" Error;
    TemplateNoSubject "M005" "template-no-subject" Error;
    NoDefaultLanguage "M020" "no-default-language" Warning;
    LanguageMissing "M021" "language-missing" Warning;
    NoTextPart "M022" "no-text-part" Note;
    LinkWithoutHost "M023" "link-without-host" Warning;
    ForeignLink "M024" "foreign-link" Error;
    LinkNotEncrypted "M025" "link-not-encrypted" Note;
    NoUnsubscribe "M026" "no-unsubscribe" Warning;
    SubjectLong "M027" "subject-long" Warning;
    SmsAlphabet "M028" "sms-alphabet" Note;
    SmsLong "M029" "sms-long" Note;
    SmsAtNight "M030" "sms-at-night" Note;
    CrmUnreadable "D001" "crm-unreadable" Error;
    TableMissing "D002" "table-missing" Error;
    ColumnMissing "D003" "column-missing" Error;
    ColumnOptionalMissing "D004" "column-optional-missing" Note;
    ValueUnreadable "D005" "value-unreadable" Error;
    DelayTooShort "D006" "delay-too-short" Warning;
    DelayMissing "D007" "delay-missing" Note;
    DateWithoutTime "D008" "date-without-time" Note;
    NegativeQuantity "D009" "negative-quantity" Warning;
    ConfigurationWrong "D010" "configuration-wrong" Error;
    FarInstant "D011" "far-instant" Warning;
    MonthInDays "T020" "month-in-days" Note;
    ForgottenUnit "T021" "forgotten-unit" Warning;
    MissingLeftOut "T022" "missing-left-out" Note;
    ConstantCondition "F020" "constant-condition" Warning;
    CannotStart "F021" "cannot-start" Warning;
    WrongStorageClass "D020" "wrong-storage-class" Warning;
    NoTimelineIndex "D021" "no-timeline-index" Note;
    ContactsUnreachable "D022" "contacts-unreachable" Note;
    NoSuchRow "D023" "no-such-row" Note;
    ValueMissing "D024" "value-missing" Note;
    TestReadsNotGiven "T010" "test-reads-not-given" Error;
}

impl RuleInfo {
    /// The address of its page, where the pages are under `pages`.
    pub fn page_in(&self, pages: &str) -> String {
        format!("{}/{}.md", pages.trim_end_matches('/'), self.name)
    }

    /// Why there is such a rule: the first paragraph of its page, on one line.
    pub fn why(&self) -> String {
        let paragraph = self.page.lines().skip(1).skip_while(|line| line.trim().is_empty());
        paragraph.take_while(|line| !line.trim().is_empty()).collect::<Vec<_>>().join(" ")
    }
}

impl Rule {
    pub fn info(self) -> &'static RuleInfo {
        // The macro writes enum and table in the same order.
        #[allow(clippy::indexing_slicing, reason = "the table has an entry for every variant, in order")]
        &RULES[self as usize]
    }

    /// The first letter of its code: S syntax, N names, T types, F flow, C consent and policy, M messages, D data.
    pub fn family(self) -> char {
        self.info().code.chars().next().unwrap_or('S')
    }

    /// By code (`N001`) or by name (`unknown-name`).
    pub fn find(text: &str) -> Option<&'static RuleInfo> {
        RULES.iter().find(|info| info.code.eq_ignore_ascii_case(text) || info.name == text)
    }
}
