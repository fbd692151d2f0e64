use super::*;

fn compiled(text: &str) -> Compiled {
    let mut sources = Sources::default();
    let source = sources.add("renewal.scn", text);
    let file = InputFile { source, stem: "renewal".into(), folder: "".into(), selected: true };
    compile(&Input { sources, files: vec![file] }, &Surroundings::default(), &Configuration::default())
}

#[test]
fn renewal() {
    let c = compiled("when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased");
    for d in &c.diagnostics { println!("{:?} {} {:?}", d.rule, d.message, d.span()); }
    println!("{}", serde_json::to_string(&c.bundle).unwrap());
}
