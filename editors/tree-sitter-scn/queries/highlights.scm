; Later patterns win over earlier ones.

(identifier) @variable
(property) @property

; ---- words ------------------------------------------------------------------------------------------

; Declarations.
[
  "account" "entity" "event" "extend" "identity" "let" "measure" "policy" "route" "scenario" "segment" "test"
] @keyword

; Clauses.
[ "every" "for" "goal" "once" "one" "per" "then" "when" "within" ] @keyword
(latest) @keyword

; Steps.
[
  "call" "credit" "debit" "erase" "repeat" "send" "set" "split" "start" "stop" "tag" "untag" "until" "up" "wait" "with"
  "together"
] @keyword.function

; Branches and guards.
[ "else" "if" "only" "unless" ] @keyword.conditional

; Expressions.
[
  "after" "ago" "and" "at" "before" "can" "default" "empty" "has" "in" "is" "last" "no" "not" "of" "or" "same" "since"
  "to" "where"
] @keyword.operator
(ever) @keyword.operator
(when_no "ever" @keyword.operator)

; Lines of a test.
[ "expect" "given" ] @keyword
(cases "cases" @keyword)
(happens "at" @keyword)
(expect_nothing "nothing" @keyword)

; Words that mean something in one place only.
[
  "arriving" "average" "as" "by" "common" "contacts" "count" "days" "expire" "expiring" "first" "gap" "greatest"
  "holdout" "hours" "least" "median" "most" "on" "over" "priority" "quiet" "receive" "refreshed" "share" "sum" "times"
  "top" "zone"
] @keyword.modifier
[ "message" "messages" ] @keyword.modifier
(time_zone "time" @keyword.modifier)
(one_at_a_time [ "a" "time" ] @keyword)

; ---- values -----------------------------------------------------------------------------------------

(comment) @comment
(doc_comment) @comment.documentation
(text) @string
(number) @number
(percent "%" @number)
(unit) @type.unit
[ (date) (time) ] @constant
(flag) @boolean
((path . (identifier) @variable.builtin)
  (#any-of? @variable.builtin "contact" "entry" "now" "trigger" "unknown"))

; ---- names ------------------------------------------------------------------------------------------

(type (identifier) @type)
(entity name: (identifier) @type)
(extend name: (identifier) @type)
(identity entity: (identifier) @type)
(given entity: (identifier) @type)
(erase entity: (identifier) @type)

(event name: (identifier) @constructor)
(event_pattern event: (identifier) @constructor)
(happens event: (identifier) @constructor)
(route event: (identifier) @constructor)
(route name: (identifier) @constructor)
(history . (path . (identifier) @constructor))
(aggregate (path . (identifier) @constructor))

(account name: (identifier) @variable.member)
(credit account: (identifier) @variable.member)
(debit account: (identifier) @variable.member)

(definition name: (identifier) @function)
(segment name: (identifier) @function)
(measure name: (identifier) @function)
(given_measure name: (identifier) @function)
(told name: (identifier) @function)
(given_block name: (identifier) @function)
(use_given name: (identifier) @function)
(call function: (identifier) @function)

(scenario name: (identifier) @module)
(start scenario: (identifier) @module)
(in_scenario scenario: (identifier) @module)
(test (identifier) @module)
(priority (identifier) @module)
(split name: (identifier) @module)

(scenario title: (text) @string.special)
(test name: (text) @string.special)
(case title: (text) @string.special)

(field name: (identifier) @property)
(given_field name: (identifier) @property)
(event_field name: (identifier) @property)
(parameter name: (identifier) @variable.parameter)
(cases name: (identifier) @variable.parameter)
(argument name: (identifier) @variable.parameter)

(class (identifier) @keyword.modifier)
(cap class: (class) @keyword.modifier)
(alternative channel: (identifier) @type.channel)
(expect_message channel: (identifier) @type.channel)
(can_receive channel: (identifier) @type.channel)
(alternative message: (identifier) @string.special.symbol)
(expect_message message: (identifier) @string.special.symbol)
(happens message: (identifier) @string.special.symbol)
(call_webhook webhook: (identifier) @string.special.symbol)

(label) @label
(split_arm name: (identifier) @label)

; ---- signs ------------------------------------------------------------------------------------------

[ "{" "}" "(" ")" "[" "]" ] @punctuation.bracket
[ "," ":" "." "|" "?" ] @punctuation.delimiter
[ "=" "+" "-" "*" "/" "<" "<=" ">" ">=" ] @operator
