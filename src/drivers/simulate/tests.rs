use super::columns::COLUMNS;
use super::effects::{Format, header};
use super::form::Form;
use super::json::Objects;
use super::parquet::Rows;
use super::picture::{Painter, Picture};
use super::row::{Acted, Row};
use crate::compile::{Input, InputFile, compile};
use crate::engine::{Outcome, Program, Reason, TriggerRef};
use crate::ir::StepIx;
use crate::model::{Configuration, Id, Surroundings};
use crate::time::{Date, Instant, Zone};
use ::parquet::basic::Encoding;
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;

fn row(number: i64, act: Option<(&'static str, &str)>, outcome: Option<Outcome>, reason: Reason) -> Row {
    let trigger = |id| TriggerRef { kind: TriggerRef::CONTACT, id };
    Row {
        at: Instant(number * 86_400_000_000 - 1),
        contact: if number % 2 == 0 { Id::Number(-number) } else { Id::Text(format!("a \"{number}\", é").into()) },
        unit: 0,
        ordinal: number as u16,
        // The wait, and the message that comes after it.
        step: StepIx(u32::from(outcome.is_some())),
        entered_at: Instant(-number),
        trigger: trigger(Id::Number(number)),
        also: (0..number % 3).map(|more| trigger(Id::Number(more))).collect(),
        alternative: (number % 2) as u8,
        act: act.map(|(effect, message)| Box::new(Acted { effect, message: message.into() })),
        outcome,
        reason,
    }
}

fn rows() -> Vec<Row> {
    vec![
        row(0, None, Some(Outcome::Sent), Reason::None),
        row(1, None, Some(Outcome::Suppressed), Reason::Unless),
        row(2, Some(("set", "tier = \"gold\"\nand more, </script>")), Some(Outcome::Done), Reason::None),
        row(3, Some(("tag", "vip")), Some(Outcome::Skipped), Reason::OnlyIf),
        row(4, None, None, Reason::Missing),
        row(5, None, Some(Outcome::HeldOut), Reason::None),
        row(6, None, Some(Outcome::Sent), Reason::None),
    ]
}

fn program() -> Program {
    let mut input = Input::default();
    let text = "scenario s { when purchased wait 1 week send email a or sms b }";
    let source = input.sources.add("case.scn", text);
    input.files.push(InputFile { source, stem: "case".into(), folder: String::new(), selected: true });
    let compiled = compile(&input, &Surroundings::default(), &Configuration::default());
    Program::link(&compiled.bundle.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics)), &[]).unwrap()
}

/// The records of the CSV of some rows.
fn records(rows: &[Row]) -> Vec<Vec<String>> {
    let program = program();
    let mut format = Format::new(&program);
    let mut text = format!("{}\n", header()).into_bytes();
    rows.iter().for_each(|row| format.write(row, &mut text));
    let mut reader = csv::Reader::from_reader(text.as_slice());
    assert_eq!(reader.headers().unwrap(), &COLUMNS[..]);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn parquet_has_the_rows_of_the_csv_in_groups() {
    let (rows, program) = (rows(), program());
    for (rows_in_group, groups) in [(1, 7), (3, 3), (7, 1), (100, 1)] {
        let mut file = tempfile::tempfile().unwrap();
        let mut written = Rows::new(&program, &mut file, rows_in_group).unwrap();
        rows.iter().for_each(|row| written.write(row).unwrap());
        written.finish().unwrap();
        let reader = SerializedFileReader::new(file).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), groups, "{rows_in_group}");
        let read: Vec<Vec<(String, Field)>> = (reader.get_row_iter(None).unwrap())
            .map(|row| row.unwrap().get_column_iter().map(|(name, field)| (name.clone(), field.clone())).collect())
            .collect();
        let expected = records(&rows);
        assert_eq!(read.len(), expected.len());
        for ((fields, record), row) in read.iter().zip(&expected).zip(&rows) {
            assert_eq!(fields.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), COLUMNS);
            for ((name, field), text) in fields.iter().zip(record) {
                match field {
                    Field::TimestampMicros(micros) => {
                        assert_eq!(Instant(*micros), if name == "at" { row.at } else { row.entered_at });
                        assert_eq!(&Instant(*micros).to_string(), text);
                    }
                    Field::UShort(number) => assert_eq!(&number.to_string(), text),
                    Field::Str(read) => assert_eq!(read, text),
                    Field::Null => assert_eq!(
                        (text.as_str(), ["channel", "message", "reason"].contains(&name.as_str())),
                        ("", true)
                    ),
                    other => panic!("{name} is {other:?}"),
                }
            }
        }
    }
}

#[test]
fn texts_of_parquet_are_dictionaries() {
    let program = program();
    let mut file = tempfile::tempfile().unwrap();
    let mut written = Rows::new(&program, &mut file, 100).unwrap();
    rows().iter().for_each(|row| written.write(row).unwrap());
    written.finish().unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    for column in reader.metadata().row_group(0).columns() {
        let name = column.column_path().string();
        let has = |encoding| column.encodings().any(|each| each == encoding);
        if ["at", "entered_at"].contains(&name.as_str()) {
            assert!(has(Encoding::DELTA_BINARY_PACKED), "{name}");
        } else {
            assert!(has(Encoding::RLE_DICTIONARY), "{name}");
        }
    }
}

#[test]
fn an_empty_file_of_each_form_can_be_read() {
    let program = program();
    let mut file = tempfile::tempfile().unwrap();
    Rows::new(&program, &mut file, 100).unwrap().finish().unwrap();
    assert_eq!(SerializedFileReader::new(file).unwrap().get_row_iter(None).unwrap().count(), 0);
    assert_eq!(Objects::array(&program, Vec::new()).finish().unwrap(), b"[]\n");
    assert_eq!(Objects::lines(&program, Vec::new()).finish().unwrap(), b"");
    assert!(records(&[]).is_empty());
}

#[test]
fn json_has_the_rows_of_the_csv_and_the_types_of_ids() {
    let (rows, program) = (rows(), program());
    let written = |mut objects: Objects<'_, Vec<u8>>| {
        rows.iter().for_each(|row| objects.write(row).unwrap());
        String::from_utf8(objects.finish().unwrap()).unwrap()
    };
    let array: Vec<serde_json::Value> = serde_json::from_str(&written(Objects::array(&program, Vec::new()))).unwrap();
    let lines = written(Objects::lines(&program, Vec::new()));
    let lines: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(array, lines);
    let expected = records(&rows);
    let named = |outcome: &str, channel: &str| expected.iter().any(|each| each[7] == channel && each[9] == outcome);
    assert!(named("sent", "email") && named("suppressed", "sms") && named("missing", ""), "{expected:?}");
    assert_eq!(lines.len(), expected.len());
    for ((object, record), row) in lines.iter().zip(&expected).zip(&rows) {
        assert_eq!(object["contact"].is_i64(), matches!(row.contact, Id::Number(_)));
        for (column, text) in COLUMNS.iter().zip(record) {
            let value = &object[column];
            let told = value.as_str().map_or_else(|| value.to_string().replace("null", ""), str::to_owned);
            assert_eq!(&told, text, "{column}");
        }
    }
    let keys = written(Objects::lines(&program, Vec::new()));
    let places = COLUMNS.map(|column| keys.find(&format!("\"{column}\":")).unwrap());
    assert!(places.is_sorted(), "the keys are in the order of the columns");
}

#[test]
fn the_ending_of_a_file_names_its_form() {
    for (ending, form) in [
        ("csv", Some(Form::Csv)),
        ("CSV", Some(Form::Csv)),
        ("parquet", Some(Form::Parquet)),
        ("json", Some(Form::Json)),
        ("jsonl", Some(Form::JsonLines)),
        ("ndjson", Some(Form::JsonLines)),
        ("gz", None),
        ("", None),
    ] {
        assert_eq!(Form::of_ending(ending), form, "{ending}");
    }
}

/// The picture of persons, each with the hours of their messages after 2024-03-30T00:00Z, a saturday.
fn picture(zone: &str, persons: &[&[i64]]) -> Picture {
    let mut painter = Painter::new(Zone::named(zone).unwrap());
    for hours in persons {
        painter.person(hours.iter().map(|hour| (Instant::from_seconds(1_711_756_800 + hour * 3_600), 0)));
    }
    painter.finish()
}

#[test]
fn persons_are_counted_by_their_busiest_rolling_day_and_week() {
    let counted =
        |picture: Picture| [picture.busiest_day, picture.busiest_week, picture.person_days].map(Vec::from_iter);
    for (hours, expected) in [
        // A message leaves the window just before its instant and the length, as with caps.
        (&[0, 24][..], [vec![(1, 1)], vec![(2, 1)], vec![(1, 2)]]),
        (&[0, 23], [vec![(2, 1)], vec![(2, 1)], vec![(2, 1)]]),
        // Over midnight: two on the rolling day, one on each day of the calendar.
        (&[23, 25], [vec![(2, 1)], vec![(2, 1)], vec![(1, 2)]]),
        (&[0, 168], [vec![(1, 1)], vec![(1, 1)], vec![(1, 2)]]),
        (&[167, 0, 1, 24, 2], [vec![(3, 1)], vec![(5, 1)], vec![(1, 2), (3, 1)]]),
        (&[], [vec![], vec![], vec![]]),
    ] {
        assert_eq!(counted(picture("UTC", &[hours])), expected, "{hours:?}");
    }
}

#[test]
fn days_and_hours_are_those_of_the_zone() {
    // Europe/Paris loses the hour from 2:00 on 31 March 2024: 23:30Z on the 30th and 00:30Z are on the 31st.
    let picture = picture("Europe/Paris", &[&[0, 23, 24, 25]]);
    let date = |day| Date::new(2024, 3, day).unwrap();
    assert_eq!(Vec::from_iter(picture.days), [((0, date(30)), 1), ((0, date(31)), 3)]);
    let filled: Vec<(usize, usize)> = (0..7)
        .flat_map(|day| (0..24).map(move |hour| (day, hour)))
        .filter(|(day, hour)| picture.hours[*day][*hour] > 0)
        .collect();
    assert_eq!(filled, [(5, 1), (6, 0), (6, 1), (6, 3)]);
}

proptest::proptest! {
    #[test]
    fn it_does_not_matter_how_persons_are_cut(
        persons in proptest::collection::vec(proptest::collection::vec(0..600_i64, 0..12), 0..12),
        cut in 0..12_usize,
    ) {
        let lives: Vec<&[i64]> = persons.iter().map(Vec::as_slice).collect();
        let (left, right) = lives.split_at(cut.min(lives.len()));
        let mut sum = picture("Europe/Paris", right);
        sum.absorb(picture("Europe/Paris", left));
        let whole = picture("Europe/Paris", &lives);
        proptest::prop_assert_eq!(&sum, &whole);
        let messages: u64 = lives.iter().map(|hours| hours.len() as u64).sum();
        proptest::prop_assert_eq!(whole.days.values().sum::<u64>(), messages);
        proptest::prop_assert_eq!(whole.hours.iter().flatten().sum::<u64>(), messages);
        proptest::prop_assert_eq!(whole.person_days.iter().map(|(count, days)| count * days).sum::<u64>(), messages);
        // The naive count: every message begins a window.
        for (length, counts) in [(24, &whole.busiest_day), (168, &whole.busiest_week)] {
            let mut expected = std::collections::BTreeMap::<u64, u64>::new();
            for hours in lives.iter().filter(|hours| !hours.is_empty()) {
                let within = |first: &i64| hours.iter().filter(|hour| (*first..first + length).contains(*hour)).count();
                *expected.entry(hours.iter().map(within).max().unwrap() as u64).or_default() += 1;
            }
            proptest::prop_assert_eq!(counts, &expected);
        }
    }
}
