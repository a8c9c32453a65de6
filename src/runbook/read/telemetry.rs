//! Looks at logs and at the stores of telemetry.

use crate::runbook::Fault;
use crate::runbook::kinds::{Auth, Grafana, Logs, LogsFrom, Loki, Tempo};
use crate::runbook::model::Want;

use super::reader::Cx;

impl Cx<'_, '_, '_> {
    fn auth(&mut self) -> Auth {
        Auth { ca: self.hidden("ca"), basic_auth: self.hidden("basic_auth"), bearer: self.hidden("bearer") }
    }

    pub(super) fn logs(&mut self) -> Logs {
        let from = self.word("from", &[("docker", LogsFrom::Docker), ("loki", LogsFrom::Loki)]).unwrap_or_default();
        let lacks = match from {
            LogsFrom::Docker => Some("project").filter(|_| self.get("project").is_none()),
            LogsFrom::Loki => ["url", "query"].into_iter().find(|key| self.get(key).is_none()),
        };
        if let Some(key) = lacks {
            let fault = Fault::error(self.node.at, format!("this look at logs needs `{key}`"));
            self.reader
                .faults
                .push(fault.hint("logs of containers: `project`; of Loki: `from: loki`, `url` and `query`"));
        }
        Logs {
            pattern: self.plain("match").unwrap_or_default(),
            from,
            project: self.hidden("project"),
            services: self.texts("services", Want::Hidden),
            url: self.hidden("url"),
            query: self.hidden("query"),
            since: self.hidden("since"),
            login: self.auth(),
        }
    }

    pub(super) fn loki(&mut self) -> Loki {
        Loki { url: self.needed("url"), query: self.needed("query"), since: self.hidden("since"), auth: self.auth() }
    }

    pub(super) fn tempo(&mut self) -> Tempo {
        Tempo { url: self.needed("url"), query: self.needed("query"), since: self.hidden("since"), auth: self.auth() }
    }

    pub(super) fn grafana(&mut self) -> Grafana {
        Grafana { url: self.needed("url"), dashboard: self.hidden("dashboard"), auth: self.auth() }
    }
}
