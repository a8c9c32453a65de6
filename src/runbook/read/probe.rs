//! Probes.

use crate::runbook::At;
use crate::runbook::kinds::{Every, ProbeKind, ProbeSpec};
use crate::runbook::model::{Probe, Want};
use crate::words::Unit;

use super::reader::Cx;

impl Cx<'_, '_, '_> {
    /// A named probe.
    pub fn probe_entry(&mut self, at: At) -> Option<Probe> {
        let spec = self.probe_spec();
        let for_each = self.expr("for_each", Want::Items);
        let when = self.expr("when", Want::Truth);
        let source = self.source();
        let spec = spec.unwrap_or_else(|| {
            // It keeps its name, so that what refers to it is not told as well.
            self.reader.unread.insert(at);
            ProbeSpec {
                kind: ProbeKind::AllOf(vec![]),
                every: None,
                timeout: None,
                expect: vec![],
                unit: None,
                fail_after: None,
                pass_after: None,
            }
        });
        Some(Probe { at, for_each, when, spec, source, uses: self.uses() })
    }

    /// What a probe looks at, how often, and what it should see.
    pub fn probe_spec(&mut self) -> Option<ProbeSpec> {
        let kind = self.probe_kind();
        let every = match self.plain("every") {
            Some(word) if word == "on_demand" => Some(Every::OnDemand),
            _ => self.seconds("every").map(Every::Seconds),
        };
        let unit = self.word(
            "unit",
            &[
                ("ms", Unit::Ms),
                ("s", Unit::S),
                ("ratio", Unit::Ratio),
                ("bytes", Unit::Bytes),
                ("count", Unit::Count),
                ("per_second", Unit::PerSecond),
                ("per_minute", Unit::PerMinute),
            ],
        );
        let expect = self.exprs("expect", Want::Expect);
        Some(ProbeSpec {
            kind: kind?,
            every,
            timeout: self.seconds("timeout"),
            expect,
            unit,
            fail_after: self.count("fail_after"),
            pass_after: self.count("pass_after"),
        })
    }
}
