using System.CommandLine;
using Cluster.LoadTests;
using Cluster.LoadTests.Api;
using Cluster.LoadTests.Candidates;
using Cluster.LoadTests.Dns;
using Cluster.LoadTests.Failover;
using Cluster.LoadTests.Fairness;
using Cluster.LoadTests.Measuring;
using Cluster.LoadTests.Scale;
using Cluster.LoadTests.Start;
using Cluster.LoadTests.Watchers;

var quick = new Option<bool>("--quick") { Description = "three short rounds, under two minutes" };
var rounds = new Option<int?>("--rounds") { Description = "interleaved rounds; 7, or 3 with --quick" };
var seconds = new Option<double?>("--seconds") { Description = "of one measurement; 1.5, or 0.25 with --quick" };
var works = new Option<string>("--works") { Description = $"of {string.Join(",", Works.All.Select(work => work.Name))}", DefaultValueFactory = _ => "" };
var candidates = new Option<string>("--candidates")
{
    Description = $"of {string.Join(",", CandidateList.All.Select(candidate => candidate.Name))}",
    DefaultValueFactory = _ => "",
};
var output = new Option<string>("--output") { Description = "folder of the data, the table and the plot", DefaultValueFactory = _ => "artifacts/bench" };
var binary = new Option<string>("--cluster") { Description = "the program under test", Required = true };
var tools = new Option<string>("--tools") { Description = "folder of the unpacked peers", Required = true };
var loadCore = new Option<int>("--load-core") { Description = "core of client and backend", DefaultValueFactory = _ => 0 };
var proxyCore = new Option<int>("--proxy-core") { Description = "core of the proxy", DefaultValueFactory = _ => 1 };

var congestion = new Option<string?>("--congestion") { Description = "congestion control of all sockets; as the host has it" };
var scale = new Option<bool>("--scale") { Description = "instead: each path with 10,000 services of 10 backends" };
var services = new Option<int>("--services") { Description = "services of the scale check", DefaultValueFactory = _ => 10_000 };
var paths = new Option<string>("--paths") { Description = "paths of the scale check, of loop,managed,connect,nftables,direct", DefaultValueFactory = _ => "direct,loop,managed,connect,nftables" };

var dataplane = new Command("dataplane", "Measures the data plane's paths beside HAProxy, nginx and nftables on the same work.")
{
    quick, rounds, seconds, works, candidates, output, binary, tools, loadCore, proxyCore, congestion, scale, services, paths,
};
dataplane.SetAction(parsed =>
{
    return DataplaneBench.Run(new BenchOptions(
        Times(parsed),
        Names(parsed.GetValue(works)!),
        Names(parsed.GetValue(candidates)!),
        parsed.GetValue(output)!,
        Path.GetFullPath(parsed.GetValue(binary)!),
        Path.GetFullPath(parsed.GetValue(tools)!),
        parsed.GetValue(loadCore),
        parsed.GetValue(proxyCore),
        parsed.GetValue(congestion),
        parsed.GetValue(scale) ? new ScaleOptions(Names(parsed.GetValue(paths)!), parsed.GetValue(services)) : null));
});
var hostPath = new Option<string>("--path") { Required = true };
var pins = new Option<string>("--pins") { Required = true };
var host = new Command("scale-host", "The data plane with a table that is made up; the scale check starts it.") { hostPath, services, pins };
host.Hidden = true;
host.SetAction((parsed, _) => ScaleHost.RunAsync(parsed.GetValue(hostPath)!, parsed.GetValue(services), parsed.GetValue(pins)!));

var dnsWorks = new Option<string>("--works") { Description = $"of {string.Join(",", DnsBench.WorkNames)}", DefaultValueFactory = _ => "" };
var dnsCandidates = new Option<string>("--candidates")
{
    Description = $"of {string.Join(",", DnsCandidate.All.Select(candidate => candidate.Name))}",
    DefaultValueFactory = _ => "",
};
var dns = new Command("dns", "Measures the DNS server beside unbound and dnsmasq with the same names.")
{
    quick, rounds, seconds, dnsWorks, dnsCandidates, output, tools, loadCore, proxyCore,
};
dns.SetAction(parsed => DataplaneBench.Run(
    new BenchOptions(
        Times(parsed),
        Names(parsed.GetValue(dnsWorks)!),
        Names(parsed.GetValue(dnsCandidates)!),
        parsed.GetValue(output)!,
        "",
        Path.GetFullPath(parsed.GetValue(tools)!),
        parsed.GetValue(loadCore),
        parsed.GetValue(proxyCore),
        null,
        null),
    DnsBench.Run));
var port = new Option<int>("--port") { Required = true };
var names = new Option<int>("--names") { Required = true };
var dnsServer = new Command("dns-server", "The DNS server with names that are made up; the benchmark starts it.") { port, names };
dnsServer.Hidden = true;
dnsServer.SetAction((parsed, stop) => DnsServerRole.RunAsync(parsed.GetValue(port), parsed.GetValue(names), stop));
var pause = new Option<int>("--pause") { Description = "microseconds", DefaultValueFactory = _ => 40 };
var dnsFloor = new Command("dns-floor", "A server that answers and looks nothing up; the benchmark starts it.") { port, pause };
dnsFloor.Hidden = true;
dnsFloor.SetAction(parsed => DnsFloorRole.Run(parsed.GetValue(port), parsed.GetValue(pause)));
var native = new Option<string>("--native") { Description = "cluster-proxy as one native file", Required = true };
var start = new Command("start", "Measures how soon a load balancer file is served, natively compiled and not, and what that takes.") { native, binary, rounds, output };
start.SetAction(parsed => StartBench.Run(Path.GetFullPath(parsed.GetValue(native)!), Path.GetFullPath(parsed.GetValue(binary)!), parsed.GetValue(rounds) ?? 5, parsed.GetValue(output)!));
var startApi = new Command("start-api", "The part of it that has namespaces of its own; it starts this itself.") { native, binary, rounds };
startApi.Hidden = true;
startApi.SetAction(parsed => StartBench.RunInside(parsed.GetValue(native)!, parsed.GetValue(binary)!, parsed.GetValue(rounds) ?? 5));
var failoverCandidates = new Option<string>("--candidates")
{
    Description = $"of {string.Join(",", FailoverCandidate.All.Select(candidate => candidate.Name))}",
    DefaultValueFactory = _ => "",
};
var silent = new Option<bool>("--silent") { Description = "instead of being killed it goes silent: its packets are dropped" };
var datagrams = new Option<bool>("--datagrams") { Description = "instead: one-way datagrams of whose backends one dies, beside nginx; --candidates loop,managed,nginx" };
var failover = new Command("failover", "Measures what clients meet when one of three backends is killed, beside HAProxy.") { rounds, silent, datagrams, failoverCandidates, output, binary, tools, loadCore, proxyCore };
failover.SetAction(parsed => DataplaneBench.Run(
    new BenchOptions(
        Timing.Full with { Rounds = parsed.GetValue(rounds) ?? 5 },
        [],
        Names(parsed.GetValue(failoverCandidates)!),
        parsed.GetValue(output)!,
        Path.GetFullPath(parsed.GetValue(binary)!),
        Path.GetFullPath(parsed.GetValue(tools)!),
        parsed.GetValue(loadCore),
        parsed.GetValue(proxyCore),
        null,
        null),
    (chosen, stop) =>
    {
        if (parsed.GetValue(datagrams)) DatagramBench.Run(chosen, stop);
        else FailoverBench.Run(chosen, parsed.GetValue(silent) ? FailoverCase.Silent : FailoverCase.Killed, stop);
    }));
var listen = new Option<string>("--listen") { Required = true };
var failoverBackend = new Command("failover-backend", "A backend that can be killed; the failover check starts it.") { listen };
failoverBackend.Hidden = true;
failoverBackend.SetAction((parsed, stop) => FailoverBackend.RunAsync(System.Net.IPEndPoint.Parse(parsed.GetValue(listen)!), stop));
var readers = new Option<int>("--readers") { Description = "watchers that read", DefaultValueFactory = _ => 900 };
var stuck = new Option<int>("--stuck") { Description = "watchers that never read, in every other measurement", DefaultValueFactory = _ => 100 };
var rate = new Option<double>("--rate") { Description = "changes a second", DefaultValueFactory = _ => 10 };
var watchers = new Command("watchers", "Measures how soon a crowd of watchers of an API server has each change, with and without some that never read.")
{
    readers, stuck, rate, rounds, seconds, output, binary, proxyCore,
};
watchers.SetAction((parsed, _) => WatchersBench.RunAsync(new WatchersOptions(
    Path.GetFullPath(parsed.GetValue(binary)!),
    parsed.GetValue(readers),
    parsed.GetValue(stuck),
    parsed.GetValue(rate),
    parsed.GetValue(rounds) ?? 5,
    TimeSpan.FromSeconds(parsed.GetValue(seconds) ?? 5),
    parsed.GetValue(proxyCore),
    parsed.GetValue(output)!)));
var apiWorks = new Option<string>("--works") { Description = $"of {string.Join(",", ApiWork.All.Select(work => work.Name))}", DefaultValueFactory = _ => "" };
var etcd = new Option<string?>("--etcd") { Description = "the program etcd: its store instead of the embedded one" };
var concurrency = new Option<int>("--concurrency") { Description = "creates and gets at once", DefaultValueFactory = _ => 16 };
var crowd = new Option<int>("--watchers") { Description = "watches open at once", DefaultValueFactory = _ => 1000 };
var stored = new Option<int?>("--stored") { Description = "pods whose memory is looked at; 50,000, or 5,000 with --quick; 0: start and memory are left out" };
var api = new Command("api", "Measures the API server's requests, watches, start and memory beside a bare Kestrel endpoint.")
{
    quick, rounds, seconds, apiWorks, etcd, concurrency, crowd, stored, output, binary, proxyCore,
};
api.SetAction((parsed, _) =>
{
    bool isQuick = parsed.GetValue(quick);
    return ApiBench.RunAsync(new ApiOptions(
        Path.GetFullPath(parsed.GetValue(binary)!),
        parsed.GetValue(etcd),
        Names(parsed.GetValue(apiWorks)!),
        parsed.GetValue(rounds) ?? (isQuick ? 3 : 5),
        TimeSpan.FromSeconds(parsed.GetValue(seconds) ?? (isQuick ? 0.5 : 1)),
        parsed.GetValue(concurrency),
        Creates: isQuick ? 2000 : 5000,
        Listed: 5000,
        parsed.GetValue(crowd),
        Changes: isQuick ? 50 : 100,
        Rate: 20,
        parsed.GetValue(stored) ?? (isQuick ? 5000 : 50_000),
        parsed.GetValue(proxyCore),
        parsed.GetValue(output)!));
});
var pki = new Option<string>("--pki") { Required = true };
var bare = new Command("api-bare", "The endpoint beside the API server; the benchmark starts it.") { pki, port };
bare.Hidden = true;
bare.SetAction((parsed, stop) => BareServer.RunAsync(parsed.GetValue(pki)!, parsed.GetValue(port), stop));
var greedyLoads = new Option<string>("--works") { Description = $"of {string.Join(",", GreedyLoad.All.Select(load => load.Name))}", DefaultValueFactory = _ => "" };
var quietRate = new Option<double>("--rate") { Description = "requests a second of the quiet client", DefaultValueFactory = _ => 100 };
var append = new Option<bool>("--append") { Description = "the rounds come after those that are in the output's file: of several runs, each with a server of its own" };
var fairness = new Command("fairness", "Measures how long a quiet client of an API server waits while another takes all it can get.")
{
    quick, greedyLoads, quietRate, rounds, seconds, output, binary, loadCore, proxyCore, append,
};
fairness.SetAction((parsed, _) => FairnessBench.RunAsync(new FairnessOptions(
    Path.GetFullPath(parsed.GetValue(binary)!),
    Names(parsed.GetValue(greedyLoads)!),
    parsed.GetValue(rounds) ?? (parsed.GetValue(quick) ? 1 : 3),
    TimeSpan.FromSeconds(parsed.GetValue(seconds) ?? (parsed.GetValue(quick) ? 3 : 5)),
    parsed.GetValue(quietRate),
    Listed: 5000,
    parsed.GetValue(proxyCore),
    parsed.GetValue(loadCore),
    parsed.GetValue(output)!,
    parsed.GetValue(append))));
var greedyLoad = new Option<string>("--load") { Required = true };
var greedyUrl = new Option<string>("--url") { Required = true };
var greedyFolder = new Option<string>("--folder") { Required = true };
var greedy = new Command("fairness-greedy", "The greedy client; the benchmark starts it.") { greedyLoad, greedyUrl, greedyFolder };
greedy.Hidden = true;
greedy.SetAction((parsed, _) => GreedyProcess.RunAsync(parsed.GetValue(greedyLoad)!, parsed.GetValue(greedyUrl)!, parsed.GetValue(greedyFolder)!));
return new RootCommand("Load tests of the data plane and of the API server.") { dataplane, host, dns, dnsServer, dnsFloor, start, startApi, failover, failoverBackend, watchers, api, bare, fairness, greedy }.Parse(args).Invoke(new InvocationConfiguration { ProcessTerminationTimeout = null });

Timing Times(ParseResult parsed)
{
    Timing timing = parsed.GetValue(quick) ? Timing.Quick : Timing.Full;
    if (parsed.GetValue(rounds) is { } count) timing = timing with { Rounds = count };
    if (parsed.GetValue(seconds) is { } time) timing = timing with { Duration = TimeSpan.FromSeconds(time) };
    return timing;
}

static string[] Names(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
