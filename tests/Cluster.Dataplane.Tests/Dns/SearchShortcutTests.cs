using System.Net;
using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class SearchShortcutTests
{
    private readonly DnsRig _rig = new(new DnsServerOptions { ShortcutClients = [IPNetwork.Parse("10.244.0.0/16")] });

    public SearchShortcutTests() => _rig.From("10.244.0.20");

    [Theory]
    [InlineData("web.shop.default.svc.cluster.local")]
    [InlineData("web.shop.svc.default.svc.cluster.local")]
    [InlineData("web.shop.svc.cluster.local.default.svc.cluster.local")]
    public void Answer_NameOfTheClusterBehindItsFirstSearch_IsAnsweredAtOnce(string name)
    {
        var answer = _rig.Ask(name, DnsType.A);
        Assert.Equal([(name, "web.shop.svc.cluster.local"), ("web.shop.svc.cluster.local", "10.96.0.5")], answer.Answers.Select(record => (record.Name, record.Data)));
        Assert.Equal("fd00:10:96::5", _rig.Ask(name, DnsType.AAAA).Answers[1].Data);
        Assert.Equal(2, _rig.Workspace.Counts.Shortcuts);
    }

    [Fact]
    public void Answer_TargetWithoutTheFamily_AgreesWithTheOtherFamilysAnswer()
    {
        var answer = _rig.Ask("kubernetes.default.shop.svc.cluster.local", DnsType.AAAA);
        Assert.Equal((DnsResponseCode.NoError, 1, 1), (answer.Code, answer.Answers.Count, answer.Authorities.Count));
        Assert.Equal(2, _rig.Ask("kubernetes.default.shop.svc.cluster.local", DnsType.A).Answers.Count);
    }

    [Theory]
    // No namespace of that name, so nobody's search path.
    [InlineData("web.shop.none.svc.cluster.local")]
    // One label: a service that is not there.
    [InlineData("none.default.svc.cluster.local")]
    // An endpoint of a service that is there: not ready.
    [InlineData("db-2.db.shop.svc.cluster.local")]
    [InlineData("_none._tcp.web.shop.svc.cluster.local")]
    [InlineData("none.shop.svc.cluster.local.default.svc.cluster.local")]
    public void Answer_WhatIsNoSearch_IsANameError(string name) => Assert.Equal(DnsResponseCode.NameError, _rig.Ask(name, DnsType.A).Code);

    [Fact]
    public void Answer_NameOutside_IsAskedInTheOrderOfTheSearchPath()
    {
        _rig.Resolvers = new ResolverSettings([], ["corp.example"]);
        const string Name = "www.example.com.default.svc.cluster.local";
        Assert.Equal("www.example.com.corp.example", _rig.Needed(Name, DnsType.A));
        _rig.Know("www.example.com.corp.example", DnsType.A, 3);
        Assert.Equal("www.example.com", _rig.Needed(Name, DnsType.A));
        _rig.Know("www.example.com", DnsType.A, 0, DnsMessage.Record(null, DnsType.A, 60, [192, 0, 2, 55]));
        var answer = _rig.Ask(Name, DnsType.A);
        Assert.Equal([(Name, "www.example.com"), ("www.example.com", "192.0.2.55")], answer.Answers.Select(record => (record.Name, record.Data)));
    }

    [Fact]
    public void Answer_NameOutsideThatIsNotThere_IsANameErrorOfTheQuestion()
    {
        _rig.Know("www.example.com", DnsType.A, 3);
        var answer = _rig.Ask("www.example.com.default.svc.cluster.local", DnsType.A);
        Assert.Equal((DnsResponseCode.NameError, 0), (answer.Code, answer.Answers.Count));
        Assert.Equal("cluster.local", Assert.Single(answer.Authorities).Name);
    }

    [Fact]
    public void Answer_NameOutsideForAClientThatIsNoPod_IsANameError()
    {
        _rig.From("192.0.2.9");
        Assert.Equal(DnsResponseCode.NameError, _rig.Ask("www.example.com.default.svc.cluster.local", DnsType.A).Code);
    }

    [Fact]
    public void Answer_TurnedOff_IsANameError()
    {
        var rig = new DnsRig(new DnsServerOptions { SearchShortcuts = false });
        Assert.Equal(DnsResponseCode.NameError, rig.Ask("web.shop.default.svc.cluster.local", DnsType.A).Code);
        Assert.Equal(DnsResponseCode.NameError, rig.Ask("www.example.com.default.svc.cluster.local", DnsType.A).Code);
    }
}
