//! The PromQL and LogQL queries that are answered: those of the shipped runbooks, known by their text.

use crate::sandbox::state::load::Figure;

/// Prometheus queries and what they ask for.
pub const PROMETHEUS: [(&str, Figure); 14] = [
    ("histogram_quantile(0.5, sum by (le) (rate(http_server_duration_milliseconds_bucket[5m])))", Figure::Latency(0.5)),
    (
        "histogram_quantile(0.95, sum by (le) (rate(http_server_duration_milliseconds_bucket[5m])))",
        Figure::Latency(0.95),
    ),
    (
        "histogram_quantile(0.99, sum by (le) (rate(http_server_duration_milliseconds_bucket[5m])))",
        Figure::Latency(0.99),
    ),
    ("sum(rate(http_server_duration_milliseconds_count[1m]))", Figure::Throughput),
    (
        "(sum(rate(http_server_duration_milliseconds_count{http_status_code=~\"5..\"}[1m])) or vector(0)) / sum(rate(http_server_duration_milliseconds_count[1m]))",
        Figure::ErrorRatio,
    ),
    (
        "(sum(rate(http_server_duration_milliseconds_count{http_status_code=~\"5..\"}[5m])) or vector(0)) / sum(rate(http_server_duration_milliseconds_count[5m]))",
        Figure::ErrorRatio,
    ),
    ("sum(increase(http_server_duration_milliseconds_count[5m]))", Figure::Requests5m),
    (
        "sum(rate(http_server_duration_milliseconds_count{http_status_code=~\"2..\"}[1m])) or vector(0)",
        Figure::Answers(2),
    ),
    (
        "sum(rate(http_server_duration_milliseconds_count{http_status_code=~\"4..\"}[1m])) or vector(0)",
        Figure::Answers(4),
    ),
    (
        "sum(rate(http_server_duration_milliseconds_count{http_status_code=~\"5..\"}[1m])) or vector(0)",
        Figure::Answers(5),
    ),
    (
        "60 * sum(rate(http_server_duration_milliseconds_count{http_route=~\".*/encrypt\",http_status_code=\"200\"}[5m]))",
        Figure::Encrypts,
    ),
    (
        "60 * sum(rate(http_server_duration_milliseconds_count{http_route=~\".*/decrypt\",http_status_code=\"200\"}[5m]))",
        Figure::Decrypts,
    ),
    (
        "60 * sum(rate(http_server_duration_milliseconds_count{http_route=~\".*/(generate|materialkey)\",http_status_code=\"200\"}[5m]))",
        Figure::Generations,
    ),
    (
        "sum(rate({__name__=~\"otelcol_receiver_accepted_(spans|metric_points|log_records)(_total)?\"}[2m]))",
        Figure::Received,
    ),
];

/// Loki queries that give a number.
pub const LOKI: [(&str, Figure); 3] = [
    (
        "sum(count_over_time({service_name=\"identity-authz\"} |= \"/oauth2/v1/authorize\" [1m]))",
        Figure::Authorizations,
    ),
    (
        "sum(count_over_time({service_name=\"identity-authz\"} |= \"/oauth2/v1/token\" |= \" 200 \" [1m]))",
        Figure::Tokens,
    ),
    (
        "sum(count_over_time({service_name=~\"identity-.*\"} |~ \" 401 .*/(oauth2/v1/token|oidc/v1/login)\" [1m])) or vector(0)",
        Figure::Failures,
    ),
];

/// The figure that a query asks for; white space plays no part.
pub fn figure(table: &[(&str, Figure)], query: &str) -> Option<Figure> {
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    let query = plain(query);
    table.iter().find(|(known, _)| plain(known) == query).map(|(_, figure)| *figure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_known_by_their_text_whatever_the_white_space() {
        let query = "sum( rate(\n  http_server_duration_milliseconds_count[1m]))";
        assert_eq!(figure(&PROMETHEUS, query), Some(Figure::Throughput));
        assert_eq!(figure(&PROMETHEUS, "sum(rate(http_requests_total[1m]))"), None);
    }
}
