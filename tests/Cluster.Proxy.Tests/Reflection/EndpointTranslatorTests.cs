using System.Net.Sockets;
using Cluster.Api.DiscoveryV1;
using Cluster.Dataplane.Services;
using Cluster.Proxy.Reflection;

namespace Cluster.Proxy.Tests.Reflection;

public sealed class EndpointTranslatorTests
{
    private static Backend[] Translate(params EndpointSlice[] slices) =>
        EndpointTranslator.Translate(slices, "", ServiceProtocol.Tcp, AddressFamily.InterNetwork, new NodePlace("here", null));

    [Theory]
    [InlineData(null, null, null, BackendHealth.Ready)]
    [InlineData(true, null, null, BackendHealth.Ready)]
    [InlineData(false, true, true, BackendHealth.Terminating)]
    [InlineData(false, true, false, BackendHealth.NotReady)]
    [InlineData(false, false, true, BackendHealth.NotReady)]
    [InlineData(false, null, null, BackendHealth.NotReady)]
    public void HealthOf_Conditions_FollowsTheApi(bool? ready, bool? serving, bool? terminating, BackendHealth expected)
    {
        var endpoint = Make.Endpoint("10.0.0.1", ready);
        if (serving is { } s) endpoint.Conditions.Serving = s;
        if (terminating is { } t) endpoint.Conditions.Terminating = t;
        Assert.Equal(expected, EndpointTranslator.HealthOf(endpoint));
    }

    [Fact]
    public void HealthOf_WithoutConditions_IsReady() => Assert.Equal(BackendHealth.Ready, EndpointTranslator.HealthOf(new Endpoint()));

    [Fact]
    public void Translate_Endpoint_CarriesIdentityAndPlace()
    {
        var backend = Assert.Single(Translate(Make.Slice("web", 8080, Make.Endpoint("10.0.0.1", uid: "pod-1", node: "here"))));
        Assert.Equal(("pod-1", "10.0.0.1:8080", true), (backend.Uid, backend.Address.ToString(), backend.IsLocal));
    }

    [Fact]
    public void Translate_UidLongerThanAny_IsNotKept() =>
        Assert.Equal("10.0.0.1:8080", Assert.Single(Translate(Make.Slice("web", 8080, Make.Endpoint("10.0.0.1", uid: new string('u', 2000))))).Uid);

    [Fact]
    public void Translate_EndpointElsewhereWithoutPod_IsKnownByItsAddress()
    {
        var backend = Assert.Single(Translate(Make.Slice("web", 8080, Make.Endpoint("10.0.0.1", node: "there"))));
        Assert.Equal(("10.0.0.1:8080", false), (backend.Uid, backend.IsLocal));
    }

    [Fact]
    public void Translate_PodInTwoSlices_CountsOnceAndReadyWins()
    {
        var older = Make.Slice("web", 8080, Make.Endpoint("10.0.0.1", ready: false, uid: "pod-1"));
        var newer = Make.Slice("web", 8080, Make.Endpoint("10.0.0.1", ready: true, uid: "pod-1"));
        newer.Metadata.Name = "web-zzzzz";
        Assert.Equal(BackendHealth.Ready, Assert.Single(Translate(older, newer)).Health);
    }

    [Fact]
    public void Translate_DualStackPod_CountsInThePreferredFamilyOnly()
    {
        var six = Make.Slice("web", 8080, Make.Endpoint("fd00::1", uid: "pod-1"));
        six.Metadata.Name = "web-six";
        six.AddressType = "IPv6";
        var four = Make.Slice("web", 8080, Make.Endpoint("10.0.0.1", uid: "pod-1"));
        var pod = Assert.Single(Translate(six, four));
        Assert.Equal(("10.0.0.1:8080", "[fd00::1]:8080"), (pod.Address.ToString(), pod.AlternateAddress?.ToString()));
        Assert.Null(Assert.Single(Translate(four)).AlternateAddress);
        Assert.Equal("[fd00::1]:8080", Assert.Single(Translate(six)).Address.ToString());
    }

    [Fact]
    public void Translate_PortOfOtherNameOrProtocol_IsNotTaken()
    {
        var slice = Make.Slice("web", [Make.EndpointPort(1, "admin"), Make.EndpointPort(2, "", "UDP"), Make.EndpointPort(3)], Make.Endpoint("10.0.0.1"));
        Assert.Equal(3, Assert.Single(Translate(slice)).Address.Port);
    }

    [Fact]
    public void Translate_AddressThatIsNone_IsLeftOut() => Assert.Empty(Translate(Make.Slice("web", 8080, Make.Endpoint("example.com"))));
}
