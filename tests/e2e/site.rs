//! A whole mail system: Postfix takes mail in, filterd looks at it, Postfix takes it back and hands it to a sink.

use std::net::SocketAddr;

use super::{
    postfix::Postfix,
    support::{daemon::Daemon, next_hop::NextHop, port::free_port},
};

/// The transport from Postfix to filterd, as the guide has it in 2.2.1 and 2.2.2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    Lmtp,
    Smtp,
}

/// How the system is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    pub transport: Transport,
    /// Column maxproc of the transport.
    pub maxproc: usize,
    /// Added to main.cf; `{filter}` is filterd's port. Unless told otherwise all mail goes through the filter (3.1).
    pub main: String,
    /// Options of the service that takes filtered mail back, beyond the guide's.
    pub back: String,
    /// Added to filterd's configuration.
    pub filter: String,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            transport: Transport::Lmtp,
            maxproc: 2,
            main: "content_filter = amavisfeed:[127.0.0.1]:{filter}".to_owned(),
            back: String::new(),
            filter: "max_servers = 2\nmax_requests = 20\n".to_owned(),
        }
    }
}

/// See the module's text.
#[derive(Debug)]
pub struct Site {
    pub postfix: Postfix,
    pub filter: Daemon,
    pub sink: NextHop,
    /// Where Postfix takes mail in.
    pub entrance: SocketAddr,
    /// Where it takes mail back.
    pub back: SocketAddr,
    pub filter_port: u16,
}

impl Site {
    pub fn start(plan: &Plan) -> Self {
        let mut site = Self::prepare(plan);
        site.filter.launch();
        site
    }

    /// Everything but the start of filterd.
    pub fn prepare(plan: &Plan) -> Self {
        let sink = NextHop::start();
        let (entrance, back, filter_port) = (free_port(), free_port(), free_port());
        let fill = |text: &str| {
            text.replace("{filter}", &filter_port.to_string())
                .replace("{back}", &back.to_string())
        };
        let main = format!(
            "relay_transport = smtp:[127.0.0.1]:{}\n{}",
            sink.port(),
            fill(&plan.main)
        );
        let services = format!(
            "127.0.0.1:{entrance} inet n - n - - smtpd\n{}\n{}",
            transport(plan.transport, plan.maxproc),
            fill(&way_back(&plan.back))
        );
        let postfix = Postfix::start(&main, &services);
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let (entrance, back_address) = (address(entrance), address(back));
        postfix.launch(&[&entrance.to_string(), &back_address.to_string()]);
        let settings = format!(
            "listen_sockets = [\"127.0.0.1:{filter_port}\"]\n{}",
            plan.filter
        );
        let filter = Daemon::prepare(back, &settings);
        Self {
            postfix,
            filter,
            sink,
            entrance,
            back: back_address,
            filter_port,
        }
    }
}

/// The dedicated client: the lines that are shipped as an example, which are the guide's.
pub fn transport(kind: Transport, maxproc: usize) -> String {
    let example = include_str!("../../etc/postfix/master.cf.example");
    let mark = match kind {
        Transport::Lmtp => "amavisfeed unix",
        Transport::Smtp => "#amavisfeed unix",
    };
    let mut lines = example.lines().skip_while(|line| !line.starts_with(mark));
    let uncommented = |line: &str| line.strip_prefix('#').unwrap_or(line).to_owned();
    let first = uncommented(lines.next().unwrap());
    let command = first.split_whitespace().last().unwrap().to_owned();
    let mut text = format!("amavisfeed unix - - n - {maxproc} {command}\n");
    for line in lines.map(uncommented) {
        if !line.starts_with("    -o ") {
            break;
        }
        text.push_str(&line);
        text.push('\n');
    }
    assert_eq!(text.matches("-o ").count(), 4, "{text}");
    text
}

/// The dedicated server for mail that comes back, likewise (2.3), on port `{back}`.
fn way_back(more: &str) -> String {
    let example = include_str!("../../etc/postfix/master.cf.example");
    let mut lines = example
        .lines()
        .skip_while(|line| !line.starts_with("127.0.0.1:10025"));
    let first = lines.next().unwrap().replace("10025", "{back}");
    let options: Vec<&str> = lines
        .take_while(|line| line.starts_with("    -o "))
        .collect();
    assert!(options.len() >= 17, "{options:?}");
    format!("{first}\n{}\n{more}", options.join("\n"))
}
