using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Tests.Net;

public sealed class DescriptorBudgetTests
{
    [Fact]
    public void Of_DescriptorLimit_LeavesSomeForTheRuntime()
    {
        var budget = DescriptorBudget.Of(20_000);
        Assert.Equal(new DescriptorBudget(8000, 4000, 3000), budget);
        Assert.Equal(20_000 * 95 / 100, budget.UdpSessions + (2 * budget.TcpConnections) + budget.Frontends);
    }

    [Fact]
    public void Of_SmallLimit_AllowsAFewOfEach() => Assert.All([DescriptorBudget.Of(64).UdpSessions, DescriptorBudget.Of(64).TcpConnections], share => Assert.InRange(share, 8, 64));
}
