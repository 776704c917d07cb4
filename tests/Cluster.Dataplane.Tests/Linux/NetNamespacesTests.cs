using System.ComponentModel;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tests.Linux;

public sealed class NetNamespacesTests
{
    public NetNamespacesTests() => Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);

    [Fact]
    public void Cookie_OfAnotherNamespace_IsAnother_AndTheCallerStaysHere()
    {
        using var ns = new NetNamespace(90);
        var here = NetNamespaces.CurrentCookie();
        var there = NetNamespaces.Run(ns.Path, NetNamespaces.CurrentCookie);
        Assert.NotEqual(0ul, here);
        Assert.NotEqual(here, there);
        Assert.Equal(here, NetNamespaces.CurrentCookie());
        Assert.Equal(there, NetNamespaces.Run(ns.Path, NetNamespaces.CurrentCookie));
    }

    [Fact]
    public void Run_OnWhatIsNoNamespace_SaysSo() =>
        Assert.Contains("/proc/self/status", Assert.Throws<Win32Exception>(() => NetNamespaces.Run("/proc/self/status", NetNamespaces.CurrentCookie)).Message, StringComparison.Ordinal);
}
