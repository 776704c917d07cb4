using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

public sealed class DnsAllocationTests
{
    [Theory]
    [InlineData("web.shop.svc.cluster.local", DnsType.A)]
    [InlineData("WEB.shop.svc.cluster.local", DnsType.AAAA)]
    [InlineData("db.shop.svc.cluster.local", DnsType.A)]
    [InlineData("many.shop.svc.cluster.local", DnsType.A)]
    [InlineData("_sql._tcp.db.shop.svc.cluster.local", DnsType.SRV)]
    [InlineData("5.0.96.10.in-addr.arpa", DnsType.PTR)]
    [InlineData("inside.shop.svc.cluster.local", DnsType.A)]
    [InlineData("outside.shop.svc.cluster.local", DnsType.A)]
    [InlineData("none.shop.svc.cluster.local", DnsType.A)]
    [InlineData("kubernetes.default.svc.cluster.local", DnsType.AAAA)]
    [InlineData("10-244-0-7.shop.pod.cluster.local", DnsType.A)]
    [InlineData("fd00--7.shop.pod.cluster.local", DnsType.AAAA)]
    [InlineData("web.shop.default.svc.cluster.local", DnsType.A)]
    [InlineData("www.example.com.default.svc.cluster.local", DnsType.A)]
    [InlineData("www.example.com", DnsType.A)]
    public void Answer_WhatZoneOrCacheKnows_AllocatesNothing(string name, DnsType type)
    {
        var rig = new DnsRig();
        rig.Know("www.example.com", DnsType.A, 0, DnsMessage.Record(null, DnsType.A, 60, [192, 0, 2, 55]));
        var query = DnsMessage.Query(name, type, 1232);
        var buffer = new byte[4096];
        Assert.Equal(0, Allocations.During(() =>
        {
            query.CopyTo(buffer, 0);
            Assert.True(rig.Responder.Answer(buffer, query.Length, false, rig.Workspace) > 0);
        }));
    }
}
