using Cluster.Dataplane.Health;
using Cluster.Dataplane.Services;
using Cluster.Proxy.Config;

namespace Cluster.Proxy.Tests.Config;

public sealed class LoadBalancerFileTests
{
    private const string Good = """
        threads: 2
        metrics: 127.0.0.1:9090
        services:
          - name: web
            listen: 127.0.0.1:8080
            backends: [10.0.0.1:80, {address: "[fd00::1]:80", weight: 3}]
          - name: dns
            listen: 0.0.0.0:5353
            protocol: UDP
            policy: client-ip
            path: managed
            backends: []
            udpMode: one-way
            idleTimeout: 90
            maxConnections: 500
        """;

    private const string Masking = """
        services:
          - name: web
            listen: 127.0.0.1:8080
            backends: [10.0.0.1:80]
            replay: true
            rebalance: true
            maxConnectionAge: 600
            health: {type: http, path: /ready, interval: 5, timeout: 3, rise: 1, fall: 4}
          - name: plain
            listen: 127.0.0.1:8081
            backends: [10.0.0.1:80]
        """;

    [Fact]
    public void Parse_FailureMasking_IsOffUnlessAskedFor()
    {
        var ports = LoadBalancerFile.Parse(Masking).Services.Select(service => service.ToServicePort()).ToList();
        Assert.Equal((true, true, TimeSpan.FromMinutes(10)), (ports[0].Replay, ports[0].Rebalance, ports[0].MaxConnectionAge));
        Assert.Equal(
            new HealthCheck { HttpPath = "/ready", Interval = TimeSpan.FromSeconds(5), Timeout = TimeSpan.FromSeconds(3), Rise = 1, Fall = 4 }, ports[0].HealthCheck);
        Assert.Equal((false, false, TimeSpan.Zero, null), (ports[1].Replay, ports[1].Rebalance, ports[1].MaxConnectionAge, ports[1].HealthCheck));
    }

    [Theory]
    [InlineData("type: http, path: /ready", "type: http", null)]
    [InlineData("type: http, path: /ready", "type: tcp", null)]
    [InlineData("type: http, path: /ready", "type: tcp, path: /ready", "path is for type http")]
    [InlineData("type: http, path: /ready", "type: icmp", "tcp, http")]
    [InlineData("type: http, ", "", "type is missing")]
    [InlineData("path: /ready", "path: ready", "is no path")]
    [InlineData("path: /ready", "path: '/a b'", "is no path")]
    [InlineData("fall: 4", "fall: 0", "not a number from 1")]
    [InlineData("replay: true", "replay: maybe", "true, false")]
    public void Parse_HealthAndReplay_RefuseMistakesByName(string from, string to, string? reason)
    {
        Assert.Contains(from, Masking, StringComparison.Ordinal);
        var text = Masking.Replace(from, to, StringComparison.Ordinal);
        if (reason is null) LoadBalancerFile.Parse(text);
        else Assert.Contains(reason, Assert.Throws<ConfigException>(() => LoadBalancerFile.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UDP", "replay: true", "replay is for protocol TCP")]
    [InlineData("UDP", "rebalance: true", "rebalance is for protocol TCP")]
    [InlineData("UDP", "proxyProtocol: true", "proxyProtocol is for protocol TCP")]
    [InlineData("UDP", "maxConnectionAge: 5", "maxConnectionAge is for protocol TCP")]
    [InlineData("UDP", "health: {type: tcp}", "health is for protocol TCP")]
    [InlineData("TCP", "udpMode: one-way", "udpMode is for protocol UDP")]
    [InlineData("UDP", "replay: false", null)]
    [InlineData("TCP", "name: \"a\\nb\"", "without control characters")]
    public void Parse_FieldOfTheOtherProtocolOrOddName_IsRefused(string protocol, string field, string? reason)
    {
        var name = field.StartsWith("name", StringComparison.Ordinal) ? "" : "name: web, ";
        var text = $"services: [{{{name}listen: '127.0.0.1:80', protocol: {protocol}, {field}, backends: []}}]";
        if (reason is null) LoadBalancerFile.Parse(text);
        else Assert.Contains(reason, Assert.Throws<ConfigException>(() => LoadBalancerFile.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_NameLongerThanKubernetesAllows_IsRefused() =>
        Assert.Contains("253 letters at most", Assert.Throws<ConfigException>(() => LoadBalancerFile.Parse(Good.Replace("name: web", "name: " + new string('w', 254), StringComparison.Ordinal))).Message, StringComparison.Ordinal);

    [Fact]
    public void Parse_Whole_ReadsEveryField()
    {
        var config = LoadBalancerFile.Parse(Good);
        Assert.Equal(2, config.Threads);
        Assert.Equal("127.0.0.1:9090", config.Metrics!.ToString());
        Assert.Equal(("web", "127.0.0.1:8080", ServiceProtocol.Tcp, "round-robin"), (config.Services[0].Name, config.Services[0].Listen.ToString(), config.Services[0].Protocol, config.Services[0].Policy));
        Assert.Equal(["10.0.0.1:80", "[fd00::1]:80"], config.Services[0].Backends.Select(backend => backend.Address.ToString()));
        Assert.Equal([1, 3], config.Services[0].Backends.Select(backend => backend.Weight));
        Assert.Equal((ServicePath.Managed, UdpMode.OneWay), (config.Services[1].Path, config.Services[1].UdpMode));
        Assert.Equal((TimeSpan.Zero, TimeSpan.FromSeconds(90)), (config.Services[0].IdleTimeout, config.Services[1].IdleTimeout));
        Assert.Equal((0, 500), (config.Services[0].MaxConnections, config.Services[1].MaxConnections));
        Assert.Equal((ServiceProtocol.Udp, "client-ip"), (config.Services[1].Protocol, config.Services[1].Policy));
    }

    [Theory]
    [InlineData("threads: 2", "threads: none", 1, "not a number")]
    [InlineData("threads: 2", "threads: 0", 1, "not a number")]
    [InlineData("threads: 2", "thread: 2", 1, "unknown field thread")]
    [InlineData("metrics: 127.0.0.1:9090", "metrics: yes", 2, "yes is not IP:PORT")]
    [InlineData("listen: 127.0.0.1:8080", "listen: localhost:8080", 5, "localhost:8080 is not IP:PORT")]
    [InlineData("listen: 127.0.0.1:8080", "listen: 127.0.0.1", 5, "not IP:PORT")]
    [InlineData("listen: 127.0.0.1:8080", "listen: 127.0.0.1:99999", 5, "not IP:PORT")]
    [InlineData("    listen: 127.0.0.1:8080\n", "", 4, "listen is missing")]
    [InlineData("protocol: UDP", "protocol: SCTP", 9, "TCP, UDP")]
    [InlineData("policy: client-ip", "policy: fastest", 10, "round-robin, weighted, p2c, maglev, client-ip")]
    [InlineData("path: managed", "path: magic", 11, "auto, loop, managed")]
    [InlineData("udpMode: one-way", "udpMode: sometimes", 13, "session, one-way, per-datagram")]
    [InlineData("idleTimeout: 90", "idleTimeout: soon", 14, "not a number from 0")]
    [InlineData("maxConnections: 500", "maxConnections: all", 15, "not a number from 0")]
    [InlineData("threads: 2", "connectTimeout: soon", 1, "not a number of seconds from 0.001 to 60")]
    [InlineData("weight: 3", "weight: -1", 6, "not a number from 0")]
    [InlineData("backends: []", "backends: none", 12, "must be a list")]
    [InlineData("10.0.0.1:80, ", "10.0.0.1:80, 10.0.0.1:80, ", 6, "there twice")]
    public void Parse_Mistake_IsRefusedWithLineAndReason(string from, string to, long line, string reason)
    {
        Assert.Contains(from, Good, StringComparison.Ordinal);
        var refused = Assert.Throws<ConfigException>(() => LoadBalancerFile.Parse(Good.Replace(from, to, StringComparison.Ordinal)));
        Assert.Equal(line, refused.Line);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_WhatIsNoYaml_IsRefusedNearTheMistake() =>
        Assert.InRange(Assert.Throws<ConfigException>(() => LoadBalancerFile.Parse(Good.Replace("name: dns", "name: [dns", StringComparison.Ordinal))).Line, 5, 12);

    [Theory]
    [InlineData("")]
    [InlineData("just text")]
    [InlineData("threads: 1")]
    [InlineData("services: 5")]
    [InlineData("services: [5]")]
    public void Parse_NothingUsable_IsRefused(string text) => Assert.Throws<ConfigException>(() => LoadBalancerFile.Parse(text));

    [Fact]
    public void Parse_TwoOfOneNameOrPlace_IsRefused()
    {
        var twice = "services:\n- {name: a, listen: '127.0.0.1:1', backends: []}\n- {name: NAME, listen: '127.0.0.1:PORT', backends: []}\n";
        Assert.Equal(3, Assert.Throws<ConfigException>(() => LoadBalancerFile.Parse(twice.Replace("NAME", "a", StringComparison.Ordinal).Replace("PORT", "2", StringComparison.Ordinal))).Line);
        Assert.Equal(3, Assert.Throws<ConfigException>(() => LoadBalancerFile.Parse(twice.Replace("NAME", "b", StringComparison.Ordinal).Replace("PORT", "1", StringComparison.Ordinal))).Line);
    }
}
