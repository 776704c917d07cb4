using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class DnsResponderTests
{
    private readonly DnsRig _rig = new();

    [Theory]
    [InlineData("web.shop.svc.cluster.local", DnsType.A, "10.96.0.5")]
    [InlineData("web.shop.svc.cluster.local", DnsType.AAAA, "fd00:10:96::5")]
    [InlineData("_http._tcp.web.shop.svc.cluster.local", DnsType.SRV, "0 100 80 web.shop.svc.cluster.local")]
    [InlineData("5.0.96.10.in-addr.arpa", DnsType.PTR, "web.shop.svc.cluster.local")]
    [InlineData("inside.shop.svc.cluster.local", DnsType.CNAME, "web.shop.svc.cluster.local")]
    [InlineData("10-244-3-4.shop.pod.cluster.local", DnsType.A, "10.244.3.4")]
    [InlineData("fd00--7.shop.pod.cluster.local", DnsType.AAAA, "fd00::7")]
    [InlineData("fd00-0-0-0-0-0-0-7.shop.pod.cluster.local", DnsType.AAAA, "fd00::7")]
    public void Answer_NameOfTheZone_IsItsRecord(string name, DnsType type, string data)
    {
        var answer = _rig.Ask(name, type);
        var record = Assert.Single(answer.Answers);
        Assert.Equal((DnsResponseCode.NoError, name, type, 5, data), (answer.Code, record.Name, record.Type, record.Ttl, record.Data));
        Assert.Equal((0xBEEF, true, false, $"{name} {type}"), (answer.Id, answer.Authoritative, answer.HasOpt, answer.Question));
    }

    [Theory]
    [InlineData(0x00)]
    [InlineData(0x10)]
    [InlineData(0x30)]
    public void Answer_CheckingDisabledOrNot_RepeatsThatBitAlone(byte asked)
    {
        var query = DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A);
        query[3] = asked;
        Assert.Equal(0x80 | (asked & 0x10), _rig.Answer(query)[3]);
    }

    [Theory]
    [InlineData("wEb.SHOP.svc.Cluster.LOCAL", DnsType.A)]
    [InlineData("10-244-3-4.Shop.POD.cluster.local", DnsType.A)]
    [InlineData("NONE.shop.SVC.cluster.local", DnsType.A)]
    public void Answer_MixedCase_RepeatsTheQuestionsLetters(string name, DnsType type)
    {
        var answer = _rig.Ask(name, type);
        Assert.Equal($"{name} {type}", answer.Question);
        Assert.All(answer.Answers, record => Assert.Equal(name, record.Name));
    }

    [Theory]
    [InlineData("kubernetes.default.svc.cluster.local", DnsType.AAAA)]
    [InlineData("shop.svc.cluster.local", DnsType.A)]
    [InlineData("cluster.local", DnsType.A)]
    [InlineData("_tcp.web.shop.svc.cluster.local", DnsType.SRV)]
    [InlineData("10-244-3-4.shop.pod.cluster.local", DnsType.AAAA)]
    [InlineData("web.shop.svc.cluster.local", DnsType.TXT)]
    public void Answer_NoRecordOfTheType_IsEmptyWithAuthority(string name, DnsType type) => IsNegative(_rig.Ask(name, type), DnsResponseCode.NoError, "cluster.local");

    [Theory]
    [InlineData("none.shop.svc.cluster.local")]
    [InlineData("web.other.svc.cluster.local")]
    [InlineData("x.cluster.local")]
    [InlineData("a.b.c.d.e.f.svc.cluster.local")]
    [InlineData("nonsense.shop.pod.cluster.local")]
    [InlineData("256-1-1-1.shop.pod.cluster.local")]
    [InlineData("01-1-1-1.shop.pod.cluster.local")]
    [InlineData("1-2-3.shop.pod.cluster.local")]
    [InlineData("fd00--7--1.shop.pod.cluster.local")]
    public void Answer_UnknownNameOfTheZone_IsNameErrorWithAuthority(string name) => IsNegative(_rig.Ask(name, DnsType.A), DnsResponseCode.NameError, "cluster.local");

    [Fact]
    public void Answer_ReverseNameOfAnotherType_IsItsOwnAuthority() =>
        IsNegative(_rig.Ask("5.0.96.10.in-addr.arpa", DnsType.A), DnsResponseCode.NoError, "5.0.96.10.in-addr.arpa");

    [Fact]
    public void Answer_BeforeTheNamesAreIn_DoesNotSayThatOneIsMissing()
    {
        _rig.Zone.IsLoaded = false;
        Assert.Equal(DnsResponseCode.ServerFailure, _rig.Ask("none.shop.svc.cluster.local", DnsType.A).Code);
        Assert.Equal(DnsResponseCode.NoError, _rig.Ask("web.shop.svc.cluster.local", DnsType.A).Code);
    }

    [Fact]
    public void Answer_SeveralRecords_TakeTurnsAtComingFirst()
    {
        var first = Enumerable.Range(0, 300).Select(_ => _rig.Ask("db.shop.svc.cluster.local", DnsType.A)).ToList();
        Assert.All(first, answer => Assert.Equal(["10.244.0.7", "10.244.0.8", "10.244.0.9"], answer.Data));
        Assert.All(first.CountBy(answer => answer.Answers[0].Data), pair => Assert.InRange(pair.Value, 50, 150));
        // A resolver asks for both families in turn: that must not make one address come first for ever.
        Assert.Equal(3, Enumerable.Range(0, 100).Select(_ => (_rig.Ask("web.shop.svc.cluster.local", DnsType.AAAA), _rig.Ask("db.shop.svc.cluster.local", DnsType.A).Answers[0].Data).Item2).Distinct().Count());
    }

    [Fact]
    public void Answer_Srv_BringsTheTargetsAddressesAlong()
    {
        var answer = _rig.Ask("web.shop.svc.cluster.local", DnsType.SRV);
        Assert.Equal(2, answer.Answers.Count);
        Assert.Equal(["10.96.0.5", "fd00:10:96::5"], answer.Additional.Select(record => record.Data));
        Assert.All(answer.Additional, record => Assert.Equal("web.shop.svc.cluster.local", record.Name));
        Assert.Equal(("db-0.db.shop.svc.cluster.local", "10.244.0.7"), _rig.Ask("_sql._tcp.db.shop.svc.cluster.local", DnsType.SRV).Additional.Select(record => (record.Name, record.Data)).Single());
    }

    [Fact]
    public void Answer_Any_IsEveryRecord() => Assert.Equal(4, _rig.Ask("web.shop.svc.cluster.local", DnsType.ANY).Answers.Count);

    [Theory]
    [InlineData(DnsType.A, "10.96.0.5")]
    [InlineData(DnsType.AAAA, "fd00:10:96::5")]
    public void Answer_AliasInside_IsFollowed(DnsType type, string address)
    {
        var answer = _rig.Ask("inside.shop.svc.cluster.local", type);
        Assert.Equal(
            [("inside.shop.svc.cluster.local", "web.shop.svc.cluster.local"), ("web.shop.svc.cluster.local", address)],
            answer.Answers.Select(record => (record.Name, record.Data)));
    }

    [Fact]
    public void Answer_AliasesThatLeadNowhereOrRound_End()
    {
        Assert.Equal("none.shop.svc.cluster.local", Assert.Single(_rig.Ask("dangling.shop.svc.cluster.local", DnsType.A).Answers).Data);
        Assert.InRange(_rig.Ask("ring.shop.svc.cluster.local", DnsType.A).Answers.Count, 2, 10);
    }

    [Fact]
    public void Answer_AliasOutside_IsFollowedToo()
    {
        Assert.Equal("www.example.com", _rig.Needed("outside.shop.svc.cluster.local", DnsType.A));
        _rig.Know("www.example.com", DnsType.A, 0, DnsMessage.Record(null, DnsType.CNAME, 60, [3, (byte)'c', (byte)'d', (byte)'n', 0xC0, 16]), DnsMessage.Record("cdn.example.com", DnsType.A, 60, [192, 0, 2, 55]));
        var answer = _rig.Ask("outside.shop.svc.cluster.local", DnsType.A);
        Assert.Equal(
            [("outside.shop.svc.cluster.local", "www.example.com"), ("www.example.com", "cdn.example.com"), ("cdn.example.com", "192.0.2.55")],
            answer.Answers.Select(record => (record.Name, record.Data)));
    }

    [Theory]
    [InlineData(DnsResponseCode.NameError)]
    [InlineData(DnsResponseCode.ServerFailure)]
    public void Answer_AliasOutsideThatHasNoAnswer_SaysSo(DnsResponseCode code)
    {
        _rig.Know("www.example.com", DnsType.A, (int)code);
        var answer = _rig.Ask("outside.shop.svc.cluster.local", DnsType.A);
        Assert.Equal(code, answer.Code);
        Assert.Equal("www.example.com", Assert.Single(answer.Answers).Data);
    }

    [Fact]
    public void Answer_TooLarge_IsTruncatedAndWholeOverTcp()
    {
        var plain = _rig.Ask("many.shop.svc.cluster.local", DnsType.A);
        Assert.True(plain.Truncated);
        Assert.InRange(plain.Bytes, 480, 512);
        var edns = _rig.Ask("many.shop.svc.cluster.local", DnsType.A, 4096);
        Assert.True(edns.Truncated && edns.HasOpt);
        Assert.InRange(edns.Bytes, 1200, 1232);
        var tiny = _rig.Ask("many.shop.svc.cluster.local", DnsType.A, 20);
        Assert.InRange(tiny.Bytes, 480, 512);
        var whole = _rig.Ask("many.shop.svc.cluster.local", DnsType.A, tcp: true);
        Assert.Equal((false, 250), (whole.Truncated, whole.Answers.Count));
    }

    [Fact]
    public void Answer_UnknownEdnsVersion_IsToldSo()
    {
        var answer = DnsMessage.Parse(_rig.Answer(DnsMessage.Query("web.shop.svc.cluster.local", DnsType.A, 1232, ednsVersion: 1)));
        Assert.Equal((DnsResponseCode.BadVersion, true, 0), (answer.Code, answer.HasOpt, answer.Answers.Count));
    }

    [Fact]
    public void Answer_OtherClassOpcodeTransferOrCount_IsRefusedByItsCode()
    {
        byte[] Changed(int at, byte value, DnsType type = DnsType.A)
        {
            var query = DnsMessage.Query("web.shop.svc.cluster.local", type);
            query[at < 0 ? query.Length + at : at] = value;
            return query;
        }

        Assert.Equal(DnsResponseCode.Refused, DnsMessage.Parse(_rig.Answer(Changed(-1, 3))).Code);
        Assert.Equal(DnsResponseCode.NotImplemented, DnsMessage.Parse(_rig.Answer(Changed(2, 0x28))).Code);
        Assert.Equal(DnsResponseCode.FormatError, DnsMessage.Parse(_rig.Answer(Changed(5, 2))).Code);
        Assert.Equal(DnsResponseCode.Refused, _rig.Ask("cluster.local", DnsType.AXFR).Code);
        Assert.True(_rig.Answer(Changed(2, 0x81)).IsEmpty);
    }

    [Fact]
    public void Answer_CachedName_IsTheOthersAnswerWithWhatIsLeftOfItsTime()
    {
        Assert.Equal("www.example.com", _rig.Needed("www.example.com", DnsType.A));
        _rig.Know("www.example.com", DnsType.A, 0, DnsMessage.Record(null, DnsType.A, 60, [192, 0, 2, 55]));
        _rig.Workspace.Now += 10_000;
        var answer = _rig.Ask("WWW.example.com", DnsType.A, 1232);
        var record = Assert.Single(answer.Answers);
        Assert.Equal(("WWW.example.com", 50, "192.0.2.55"), (record.Name, record.Ttl, record.Data));
        Assert.Equal((false, true), (answer.Authoritative, answer.HasOpt));
        _rig.Workspace.Now += 51_000;
        Assert.Equal("www.example.com", _rig.Needed("www.example.com", DnsType.A));
    }

    [Fact]
    public void Answer_CachedNameError_IsRemembered()
    {
        _rig.Know("none.example.com", DnsType.A, 3);
        IsNegative(_rig.Ask("none.example.com", DnsType.A), DnsResponseCode.NameError, "example.com", 60);
    }

    private static void IsNegative(DnsMessage answer, DnsResponseCode code, string zone, int ttl = 5)
    {
        Assert.Equal((code, 0), (answer.Code, answer.Answers.Count));
        var authority = Assert.Single(answer.Authorities);
        Assert.Equal((zone, DnsType.SOA, ttl), (authority.Name, authority.Type, authority.Ttl));
        Assert.EndsWith($" {ttl}", authority.Data, StringComparison.Ordinal);
        if (ttl == 5) Assert.StartsWith("ns.dns.cluster.local hostmaster.cluster.local ", authority.Data, StringComparison.Ordinal);
    }
}
