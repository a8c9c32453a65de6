//! `docker compose exec proxy nginx …` and `top proxy`: the reverse proxy, whose one file decides who answers.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::command::{Command, Ended};
use super::super::table;
use super::{project, refuse};
use crate::sandbox::state::Change;
use crate::sandbox::state::compose::Phase;
use crate::sandbox::world::clock::Millis;

/// The link to the file of the colour that is live, from the folder of the compose file.
const LIVE: &str = "../proxy/colours/live";
/// Where it stands in the container.
const INSIDE: &str = "/etc/nginx/colours/live";
/// How long the workers of before end their connections.
const DRAINS: Millis = 2_500;

/// The upstreams of the live file with their ports; or nginx's words of what is wrong with it.
pub fn upstreams(folder: &Path) -> Result<BTreeMap<String, u16>, String> {
    let text = std::fs::read_to_string(folder.join(LIVE))
        .map_err(|_| format!("open() \"{INSIDE}\" failed (2: No such file or directory)"))?;
    let mut found = BTreeMap::new();
    for (n, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [] => {}
            ["upstream", name, "{", "server", address, "}"] => {
                let port = address.strip_suffix(';').and_then(|a| a.strip_prefix("127.0.0.1:")?.parse().ok());
                let port =
                    port.ok_or_else(|| format!("host not found in upstream \"{address}\" in {INSIDE}:{}", n + 1))?;
                found.insert((*name).to_owned(), port);
            }
            [word, ..] => return Err(format!("unknown directive \"{word}\" in {INSIDE}:{}", n + 1)),
        }
    }
    if found.is_empty() { Err(format!("no upstream in {INSIDE}")) } else { Ok(found) }
}

/// What the proxy would read now, where it runs; else how the command ends.
async fn read(command: &mut Command<'_>) -> Result<Result<BTreeMap<String, u16>, String>, Ended> {
    let project = match project(command) {
        Ok((project, _)) => project,
        Err(error) => return Err(refuse(command, error).await),
    };
    command.pause(140).await;
    let runs = command.look(|s, now| {
        let container = s.engine.of(&project.name, "proxy");
        container.is_some_and(|c| matches!(c.phase(now), Phase::Booting | Phase::Starting | Phase::Up))
    });
    if !runs {
        return Err(command.fail(1, "service \"proxy\" is not running").await);
    }
    let file = command.call.cwd.join(command.given.get("file"));
    Ok(upstreams(file.parent().unwrap_or(&command.call.cwd)))
}

/// `exec -T proxy nginx -t`.
pub async fn proxy_test(command: &mut Command<'_>) -> Ended {
    let file = "/etc/nginx/nginx.conf";
    match read(command).await {
        Err(ended) => ended,
        Ok(Ok(_)) => {
            let text = format!(
                "nginx: the configuration file {file} syntax is ok\nnginx: configuration file {file} test is successful\n"
            );
            command.err(text).await?;
            Ok(0)
        }
        Ok(Err(why)) => {
            command.fail(1, format!("nginx: [emerg] {why}\nnginx: configuration file {file} test failed")).await
        }
    }
}

/// `exec -T proxy nginx -s reload`: what does not read is not loaded, the old one stays.
pub async fn proxy_reload(command: &mut Command<'_>) -> Ended {
    match read(command).await {
        Err(ended) => ended,
        Ok(Err(why)) => command.fail(1, format!("nginx: [emerg] {why}")).await,
        Ok(Ok(upstreams)) => match command.change(Change::ProxyLoaded(upstreams)) {
            Ok(()) => Ok(0),
            Err(message) => command.fail(1, message).await,
        },
    }
}

/// `top proxy`: the processes in it; those of before a reload stay until their connections have ended.
pub async fn proxy_top(command: &mut Command<'_>) -> Ended {
    if let Err(ended) = read(command).await {
        return ended;
    }
    let drains = command.look(|s, now| s.proxy.len() > 1 && s.proxy.last().is_some_and(|(at, _)| now < at + DRAINS));
    let mut rows = vec![row(1, "nginx: master process nginx -g daemon off;"), row(31, "nginx: worker process")];
    if drains {
        rows.push(row(29, "nginx: worker process is shutting down"));
    }
    command.out(format!("compose-proxy-1\n{}\n", table::table(&["PID", "CMD"], rows))).await?;
    Ok(0)
}

fn row(pid: u32, line: &str) -> Vec<String> {
    vec![pid.to_string(), line.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_nginx_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let compose = folder.path().join("compose");
        let colours = folder.path().join("proxy/colours");
        std::fs::create_dir_all(&compose).unwrap();
        std::fs::create_dir_all(&colours).unwrap();
        assert!(upstreams(&compose).unwrap_err().contains("No such file"));
        std::fs::write(colours.join("live"), "# blue\nupstream kms_api { server 127.0.0.1:8180; } # public\n").unwrap();
        assert_eq!(upstreams(&compose).unwrap(), BTreeMap::from([("kms_api".to_owned(), 8180)]));
        std::fs::write(colours.join("live"), "upstraem kms_api { server 127.0.0.1:8180; }\n").unwrap();
        assert_eq!(upstreams(&compose).unwrap_err(), "unknown directive \"upstraem\" in /etc/nginx/colours/live:1");
    }
}
