//! Owns the JSON schema of report objects, as `fixtures/report.schema.json` holds it: made from the types, so it cannot
//! promise what is not written.

use schemars::{
    JsonSchema, Schema,
    generate::SchemaSettings,
    transform::{Transform, transform_subschemas},
};

use crate::report::{GateReport, RunReport, bench::BenchReport, city::CityReport, plan::PlanReport};

/// A report object of generalprobe: what `gate`, `list` and the file report.json hold, what `run` and `replay` print,
/// or what `plan`, `city` and `bench-report` print and the files plan.json, city.json and bench-report.json hold.
/// Fields are added and never renamed; `schema` grows when a field changes its meaning.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum AnyReport {
    Gate(GateReport),
    Run(RunReport),
    Plan(PlanReport),
    City(Box<CityReport>),
    Bench(Box<BenchReport>),
}

/// The JSON schema of report objects.
///
/// # Panics
/// Never: a schema is JSON.
pub fn report_schema_json() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(Open);
    let mut schema = settings.into_generator().into_root_schema_for::<AnyReport>();
    schema.insert("title".to_owned(), "Report".into());
    serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n"
}

/// Lets objects have further fields: a later version adds some, and a reader is to let them pass.
#[derive(Clone, Copy, Debug)]
struct Open;

impl Transform for Open {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        schema.remove("additionalProperties");
    }
}

#[cfg(test)]
mod tests;
