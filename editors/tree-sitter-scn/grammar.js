/**
 * The grammar of scn for editors. It reads a little more than `grammar/scn.pest` does, since an editor shows what is
 * being written; what a word means (is it an event, a unit, a channel?) is judged by `scn check`.
 *
 * @file scn, a language for customer journeys
 * @license Apache-2.0
 */

/// <reference types="tree-sitter-cli/dsl" />
// @ts-check

// The reserved words. `tests/editors.rs` holds them equal to those of `grammar/scn.pest`.
const KEYWORDS = [
  'account', 'after', 'ago', 'and', 'at', 'before', 'call', 'can', 'credit', 'debit', 'default', 'else', 'empty',
  'entity', 'erase', 'event', 'ever', 'every', 'expect', 'extend', 'for', 'given', 'goal', 'has', 'identity', 'if',
  'in', 'is', 'last', 'latest', 'let', 'measure', 'no', 'not', 'of', 'once', 'one', 'only', 'or', 'per', 'policy',
  'repeat', 'route', 'same', 'scenario', 'segment', 'send', 'set', 'since', 'split', 'start', 'stop', 'tag', 'test',
  'then', 'to', 'together', 'unless', 'untag', 'until', 'up', 'wait', 'when', 'where', 'with', 'within', 'yes',
];

// From the loosest to the tightest.
const PRECEDENCE = {
  conditional: 1, or: 2, and: 3, not: 4, comparison: 5, sum: 6, product: 7, sign: 8, default: 9, ago: 10,
};

/** One or more, with commas between. */
const listed = (rule) => seq(rule, repeat(seq(',', rule)));

/** The operators that bind tighter than comparisons, over `operand`. */
const arithmetic = (operand) => [
  [PRECEDENCE.sum, choice('+', '-')],
  [PRECEDENCE.product, choice('*', '/')],
  [PRECEDENCE.default, 'default'],
].map(([precedence, operator]) =>
  prec.left(precedence, seq(field('left', operand), field('operator', operator), field('right', operand))));

/** The two sides of a comparison. */
const compared = ($, left, right) =>
  prec.left(PRECEDENCE.comparison, seq(field('left', left), $._comparing, field('right', right)));

module.exports = grammar({
  name: 'scn',

  word: $ => $.identifier,

  // After a `.` any word may stand.
  reserved: { global: _ => KEYWORDS, none: _ => [] },

  extras: $ => [/[\s\uFEFF]/, $.comment, $.doc_comment],

  supertypes: $ => [$._item, $._clause, $._step, $._expression, $._literal],

  // What needs more than the next word to be told apart; the parser follows both ways for that long.
  conflicts: $ => [
    // `send service email a`, `send email a`.
    [$.class, $.alternative],
    // `in last 3 days` is a window, `in ["a"]` a comparison.
    [$._expression, $.history],
    [$._expression, $.any_of],
    [$.path_filter, $.in_filter],
    // `2 order: "7"` are two fields, `2 weeks` is one value.
    [$._literal, $.amount],
    // `opened reminder by "person"` names a message and a field, `purchased product mattress` a field and its value.
    [$.path, $.event_field],
  ],

  rules: {
    source_file: $ => choice(repeat($._item), $.bare_scenario),

    // ---- words --------------------------------------------------------------------------------------

    comment: _ => token(seq('#', /[^\r\n]*/)),
    doc_comment: _ => token(prec(1, seq('##', /[^\r\n]*/))),
    identifier: _ => /[_\p{XID_Start}]\p{XID_Continue}*/u,
    // The words that begin an aggregate are names everywhere else.
    _name: $ => choice(
      $.identifier,
      alias(choice('average', 'count', 'first', 'median', 'most', 'share', 'sum', 'top'), $.identifier),
    ),

    text: _ => /"(\\[^\r\n]|[^"\\\r\n])*"/,
    number: _ => /[0-9]+(\.[0-9]+)?/,
    date: _ => /[0-9]{4}-[0-9]{2}-[0-9]{2}/,
    time: _ => /[0-9]{2}:[0-9]{2}(:[0-9]{2})?/,

    // ---- items --------------------------------------------------------------------------------------

    _item: $ => choice(
      $.entity, $.event, $.extend, $.account, $.definition, $.segment, $.measure, $.route, $.policy, $.identity,
      $.scenario, $.test, $.given_block,
    ),

    entity: $ => seq('entity', field('name', $._name), $._fields),
    event: $ => seq('event', field('name', $._name), $._fields),
    extend: $ => seq('extend', field('name', $._name), $._fields),
    _fields: $ => seq('{', repeat(seq($.field, optional(','))), '}'),
    field: $ => seq(
      field('name', $._name), ':', field('type', $._type), optional('?'),
      optional(seq('default', field('default', $._plain_operand))),
    ),
    _type: $ => choice($.type, $.enumeration),
    type: $ => $._name,
    enumeration: $ => seq($.text, repeat(seq('|', $.text))),

    account: $ => seq('account', field('name', $._name), ':', field('type', $._type)),

    definition: $ => seq(
      'let', field('name', $._name), optional($.parameters), '=', field('value', $._expression),
    ),
    parameters: $ => seq('(', optional(listed($.parameter)), ')'),
    parameter: $ => seq(field('name', $._name), ':', field('type', $._type)),

    segment: $ => seq('segment', field('name', $._name), '=', field('condition', $._expression)),

    measure: $ => seq(
      'measure', field('name', $._name), '=', $.over_contacts, optional(','), 'refreshed',
      field('period', $._name),
    ),
    over_contacts: $ => seq(
      choice('average', 'sum', 'count', 'share', 'least', 'greatest'), 'over', 'contacts', 'of', $._expression,
    ),

    route: $ => seq(
      'route', field('event', $._name), 'to', field('contact', $.path), 'as', field('name', $._name),
    ),

    identity: $ => seq('identity', field('entity', $._name), 'by', listed($._name)),

    policy: $ => seq('policy', '{', repeat($._policy_line), '}'),
    _policy_line: $ => choice($.time_zone, $.quiet_hours, $.caps, $.priority, $.expire, $.holdout),
    time_zone: $ => seq('time', 'zone', $._plain_operands),
    quiet_hours: $ => seq('quiet', 'hours', $._quiet, repeat(seq(choice('and', ','), $._quiet))),
    _quiet: $ => choice(seq($._plain_operand, 'to', $._plain_operand), seq('on', $._name), $._name),
    caps: $ => seq('at', 'most', $.cap, repeat(seq(choice('and', ','), $.cap))),
    cap: $ => seq(
      $.number, optional(field('class', alias(choice('marketing', 'service', 'transactional'), $.class))),
      optional(choice('message', 'messages')), 'per', field('period', $._name),
    ),
    priority: $ => seq('priority', listed($._name)),
    expire: $ => seq('expire', $._plain_operand),
    holdout: $ => seq('holdout', $._plain_operand),

    // ---- scenarios ----------------------------------------------------------------------------------

    scenario: $ => seq(
      'scenario', field('name', $._name), optional(field('title', $.text)), '{', repeat($._part), '}',
    ),
    bare_scenario: $ => repeat1($._part),
    _part: $ => choice($._clause, $._step),

    _clause: $ => choice(
      $.when, $.when_no, $.every, $.for, $.once, $.one_at_a_time, $.latest, $.goal, $.stop_when,
    ),
    when: $ => seq('when', $.event_pattern, repeat(seq('or', $.event_pattern))),
    when_no: $ => seq(
      'when', 'no', choice($.event_pattern, $.event_patterns), optional('ever'), 'for', field('length', $._expression),
    ),
    event_patterns: $ => seq('(', $.event_pattern, repeat(seq('or', $.event_pattern)), ')'),
    every: $ => seq(
      'every', $.period,
      optional(choice(seq($._at_time, optional($._on_date)), seq($._on_date, optional($._at_time)))),
    ),
    _at_time: $ => seq('at', $._plain_operand),
    _on_date: $ => seq('on', $._expression),
    period: $ => choice($.quantity, $._name),
    for: $ => seq('for', field('condition', $._expression)),
    once: $ => prec.right(seq('once', optional(choice(seq('every', $._expression), seq('per', $.path))))),
    one_at_a_time: _ => seq('one', 'at', 'a', 'time'),
    latest: _ => 'latest',
    goal: $ => prec.right(seq(
      'goal', field('condition', $._expression),
      optional(seq('within', field('within', $._expression), 'of', $.last_message)),
      optional(seq('then', field('then', $._step))),
    )),
    stop_when: $ => seq('stop', 'when', field('condition', $._expression)),

    event_pattern: $ => seq(field('event', $._name), repeat($._filter)),
    _filter: $ => choice($.path_filter, $.is_filter, $.in_filter, $.same_filter, $.where_filter),
    same_filter: $ => seq('same', $.path),
    where_filter: $ => prec.right(seq('where', choice($._plain_operands, $.comparison_filter))),
    comparison_filter: $ => prec.right(seq(
      $._plain_operands, choice(seq('is', optional('not'), 'empty'), seq($._comparing, $._plain_operands)),
    )),
    path_filter: $ => $.path,
    // The longest filter wins.
    is_filter: $ => prec(1, seq($.path, 'is', optional('not'), choice('empty', $._plain_operand))),
    in_filter: $ => prec.dynamic(1, seq($.path, optional('not'), 'in', $._plain_operand)),

    // ---- steps --------------------------------------------------------------------------------------

    _step: $ => choice(
      $.wait, $.send, $.if, $.set, $.tag, $.untag, $.credit, $.debit, $.start, $.erase, $.call_webhook, $.split,
      $.repeat, $.stop, $.labelled,
    ),
    labelled: $ => seq($.label, $._step),
    label: $ => seq('@', $._name),
    _guard: $ => choice($.unless, $.only_if),
    unless: $ => seq('unless', field('condition', $._expression)),
    only_if: $ => seq('only', 'if', field('condition', $._expression)),
    block: $ => seq('{', repeat($._step), '}'),

    wait: $ => prec.right(seq(
      'wait',
      choice(
        field('length', $._expression),
        seq('until', field('until', choice($._expression, $.weekly))),
        seq('up', 'to', field('limit', $._expression), 'for', field('condition', $._expression)),
      ),
      optional($._guard),
    )),
    weekly: $ => seq(optional(field('day', $._name)), 'at', $.time),

    send: $ => prec.right(seq(
      'send', optional($.class), $.alternative,
      repeat(seq('or', $.alternative)), optional($.with), optional('together'), optional($._guard),
    )),
    class: $ => $._name,
    alternative: $ => seq(field('channel', $._name), field('message', $._name)),
    with: $ => seq('with', listed($.argument)),
    argument: $ => seq(field('name', $._name), '=', field('value', $._expression)),

    if: $ => prec.right(seq(
      'if', field('condition', $._expression), $.block,
      repeat(seq('else', 'if', field('condition', $._expression), $.block)),
      optional(seq('else', $.block)), optional($._guard),
    )),
    set: $ => prec.right(seq('set', $.path, '=', field('value', $._expression), optional($._guard))),
    tag: $ => prec.right(seq('tag', $._expression, optional($._guard))),
    untag: $ => prec.right(seq('untag', $._expression, optional($._guard))),
    credit: $ => prec.right(seq(
      'credit', $._amount_account, optional(seq('expiring', 'in', $._expression)), optional($._guard),
    )),
    debit: $ => prec.right(seq('debit', $._amount_account, optional($._guard))),
    // Of `10 points`, the second word is the account, not a unit.
    _amount_account: $ => prec.dynamic(2, seq(field('amount', $._plain_operands), field('account', $._name))),
    start: $ => prec.right(seq('start', field('scenario', $._name), optional($._guard))),
    erase: $ => prec.right(seq('erase', field('entity', $._name), optional($._guard))),
    call_webhook: $ => prec.right(seq(
      'call', field('webhook', $._name), optional($.with), optional($._guard),
    )),
    split: $ => prec.right(seq(
      'split', field('name', $._name), '{', repeat($.split_arm), '}', optional($._guard),
    )),
    split_arm: $ => seq(field('name', $._name), field('share', $.percent), $.block),
    repeat: $ => prec.right(seq(
      'repeat', $.number, 'times', 'every', field('pause', $._expression), $.block, optional($._guard),
    )),
    stop: $ => prec.right(seq('stop', optional($._guard))),

    // ---- expressions --------------------------------------------------------------------------------

    _expression: $ => choice(
      $.conditional, $.or, $.and, $.not, $.comparison, $.is_empty, $.can_receive, $.binary, $.negative, $.ago,
      $._literal, $.flag, $.list, $.group, $.path, $.call, $.last_message, $.history, $.any_of, $.no_event,
      $.in_scenario, $.has, $.aggregate, $.top,
    ),
    conditional: $ => prec.right(PRECEDENCE.conditional, seq(
      'if', $._expression, 'then', $._expression,
      repeat(seq('else', 'if', $._expression, 'then', $._expression)),
      'else', $._expression,
    )),
    or: $ => prec.left(PRECEDENCE.or, seq($._expression, 'or', $._expression)),
    and: $ => prec.left(PRECEDENCE.and, seq($._expression, 'and', $._expression)),
    not: $ => prec(PRECEDENCE.not, seq('not', $._expression)),
    comparison: $ => compared($, $._expression, $._expression),
    _comparing: _ => choice(
      '<', '<=', '>', '>=', 'before', 'after', seq('is', optional('not')), seq(optional('not'), 'in'),
    ),
    is_empty: $ => prec.left(PRECEDENCE.comparison, seq($._expression, 'is', optional('not'), 'empty')),
    can_receive: $ => prec.left(PRECEDENCE.comparison, seq(
      $._expression, 'can', 'receive', field('channel', $._name),
    )),
    binary: $ => choice(...arithmetic($._expression)),
    negative: $ => prec(PRECEDENCE.sign, seq('-', $._expression)),
    ago: $ => prec.left(PRECEDENCE.ago, seq($._expression, 'ago')),

    // What a filter, a window and `where` hold: nothing that a filter or a window could follow.
    _plain_operand: $ => choice(
      alias($.plain_negative, $.negative), alias($.plain_ago, $.ago), $._literal, $.flag, $.list, $.group, $.path,
      $.call, $.last_message,
    ),
    plain_negative: $ => prec(PRECEDENCE.sign, seq('-', $._plain_operand)),
    plain_ago: $ => prec.left(PRECEDENCE.ago, seq($._plain_operand, 'ago')),
    _plain_operands: $ => choice($._plain_operand, alias($.plain_binary, $.binary)),
    plain_binary: $ => choice(...arithmetic($._plain_operands)),

    _literal: $ => choice($.date_time, $.date, $.time, $.percent, $.quantity, $.number, $.text),
    date_time: $ => prec(1, seq($.date, $.time)),
    percent: $ => seq($.number, '%'),
    quantity: $ => prec.right(repeat1($.amount)),
    // Where a unit may be meant, it is: `1 year 6 months` is one value of a case.
    amount: $ => prec.dynamic(1, seq($.number, alias($.identifier, $.unit))),
    flag: _ => choice('yes', 'no'),
    list: $ => seq('[', optional(listed($._expression)), ']'),
    group: $ => seq('(', $._expression, ')'),
    path: $ => seq($._name, repeat(seq('.', alias(reserved('none', $.identifier), $.property)))),
    call: $ => seq(field('function', $._name), '(', optional(listed($._expression)), ')'),
    last_message: _ => seq('last', 'message'),
    in_scenario: $ => seq('in', field('scenario', $._name)),
    has: $ => seq('has', $.path),

    history: $ => prec.right(seq($.path, choice(seq(repeat1($._filter), optional($._window)), $._window))),
    any_of: $ => seq($.group, $._window),
    no_event: $ => prec.right(1, seq('no', choice($.group, $.event_pattern), optional($._window))),

    _window: $ => choice($.since, $.in_last, $.ever),
    since: $ => prec.right(seq('since', $._plain_operands)),
    in_last: $ => seq('in', 'last', $._plain_operand),
    ever: _ => 'ever',

    aggregate: $ => prec.right(seq(
      $._aggregate_head, choice($.group, seq($.path, repeat($._filter))), optional($._window),
    )),
    _aggregate_head: _ => prec(1, choice(
      seq('count', 'of', optional(seq('days', 'of'))), seq('sum', 'of'), seq('share', 'of'),
      seq('average', optional('gap'), 'of'), seq('median', 'gap', 'of'), seq('most', 'common', 'of'), 'first', 'last',
    )),
    top: $ => seq('top', $.number, 'of', $._plain_operand),

    // ---- tests --------------------------------------------------------------------------------------

    test: $ => seq(
      'test', field('name', $.text), optional(seq('of', listed($._name))), '{', repeat($._test_line), '}',
    ),
    given_block: $ => seq(
      'given', field('name', $._name), '{', repeat(choice($.given, $.given_measure, $.told, $.happens)), '}',
    ),
    _test_line: $ => choice(
      $.given, $.given_measure, $.told, $.use_given, $.happens, $.cases, $.until, $.expect_message, $.expect_nothing,
      $.expect_step,
    ),
    given: $ => prec.right(seq(
      'given', field('entity', $._name), optional($.given_id), field('name', $._name),
      optional(seq('{', repeat(seq($.given_field, optional(','))), '}')),
    )),
    given_field: $ => seq(field('name', $._name), ':', $._given_value),
    _given_value: $ => choice('empty', $._plain_operand),
    use_given: $ => seq('given', field('name', $._name)),
    given_id: $ => seq(choice(seq(optional('-'), $.number), $.text), 'as'),
    given_measure: $ => seq('given', $._measure_told),
    told: $ => seq('at', field('at', $._moment), $._measure_told),
    _measure_told: $ => seq('measure', field('name', $._name), '=', choice('empty', $._plain_operands)),
    happens: $ => prec.right(seq(
      'at', field('at', $._moment), optional(seq('arriving', field('arriving', $._moment))),
      field('contact', $._name), field('event', $._name), optional(seq(field('message', $._name), optional(','))),
      repeat(seq($.event_field, optional(','))),
    )),
    _moment: $ => choice($.date_time, $.date, alias($._name, $.path)),
    event_field: $ => seq(field('name', $._name), $._bare_value),
    // A value that another word may follow.
    _bare_value: $ => choice('empty', alias($.negative_literal, $.negative), $._literal, $.flag, $.list, $.path),
    negative_literal: $ => seq('-', $._literal),
    cases: $ => seq('cases', listed(field('name', $._name)), '{', repeat($.case), '}'),
    case: $ => prec.right(seq(
      optional(seq(field('title', $.text), ':')), listed($._bare_value), optional(','),
    )),
    until: $ => seq('until', $._plain_operands),
    expect_message: $ => prec.right(seq(
      'expect', optional('no'), field('channel', $._name), field('message', $._name),
      'to', field('contact', $._name), optional($._when_expected),
    )),
    expect_nothing: $ => prec.right(seq('expect', 'nothing', optional('else'))),
    expect_step: $ => prec.right(seq(
      'expect', optional('no'),
      choice(
        seq('set', $.path, '=', $._given_value), seq('tag', $._plain_operand), seq('untag', $._plain_operand),
        seq('credit', $._amount_account), seq('debit', $._amount_account), seq('start', field('scenario', $._name)),
        seq('erase', optional($._name)), seq('call', field('webhook', $._name)),
      ),
      'for', field('contact', $._name), optional($._when_expected),
    )),
    _when_expected: $ => prec.right(choice(
      seq('at', $._plain_operands), seq('within', $._plain_operand, optional(seq('of', $._plain_operands))),
    )),
  },
});
