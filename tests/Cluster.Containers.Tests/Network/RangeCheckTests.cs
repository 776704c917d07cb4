using System.Diagnostics;
using System.Net;
using Cluster.Containers.Network;

namespace Cluster.Containers.Tests.Network;

public sealed class RangeCheckTests
{
    // A range for documentation, which no machine has.
    private static readonly IPNetwork Free = IPNetwork.Parse("203.0.113.0/24");

    [Fact]
    public void FindOverlap_WithAnAddressThatHasNoRoute_NamesItAndItsDevice()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the loopback device has another name elsewhere");
        Assert.Equal("127.0.0.1 (device lo)", RangeCheck.FindOverlap(IPNetwork.Parse("127.0.0.0/24")));
    }

    [Fact]
    public void FindAddress_WithAnotherDevice_NamesItAndWithOurBridgeDoesNot()
    {
        (IPAddress, string)[] addresses = [(IPAddress.Parse("::1"), "lo"), (IPAddress.Parse("203.0.113.9"), "cluster0")];

        Assert.Null(RangeCheck.FindAddress(Free, "cluster0", addresses));
        Assert.Equal("203.0.113.9 (device cluster0)", RangeCheck.FindAddress(Free, "other0", addresses));
    }

    [Fact]
    public void FindOverlap_WithARouteOfTheProxyOnly_IsNone()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && File.Exists("/sbin/ip"), "needs root on Linux with iproute2");
        Ip("add");
        try
        {
            Assert.Null(RangeCheck.FindOverlap(Free));
        }
        finally
        {
            Ip("del");
        }
    }

    private static void Ip(string verb)
    {
        using var process = Process.Start("/sbin/ip", $"route {verb} local {Free} dev lo table local proto 107");
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
