using System.Security.Cryptography.X509Certificates;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.ApiServer.Pki;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Tests.Registry;

namespace Cluster.ApiServer.Tests.Bootstrap;

public sealed class SystemObjectsTests
{
    [Fact]
    public async Task Start_EmptyStore_HasTheSystemsObjects()
    {
        await using var rig = await RegistryRig.StartAsync();
        foreach (var name in new[] { "default", "kube-system", "kube-public", "kube-node-lease" })
            Assert.Equal("Active", (await rig.GetAsync<Namespace>(name)).Status.Phase);

        var kubernetes = await rig.GetAsync<Service>("kubernetes");
        var dns = await rig.GetAsync<Service>("kube-dns", "kube-system");
        var endpoints = await rig.GetAsync<Endpoints>("kubernetes");
        var slice = await rig.GetAsync<EndpointSlice>("kubernetes");

        Assert.Equal("10.96.0.1", kubernetes.Spec.ClusterIP);
        Assert.Equal(443, kubernetes.Spec.Ports[0].Port);
        Assert.Equal("10.96.0.10", dns.Spec.ClusterIP);
        Assert.Equal(["dns", "dns-tcp"], dns.Spec.Ports.Select(port => port.Name));
        Assert.Equal("192.0.2.10", endpoints.Subsets[0].Addresses[0].Ip);
        Assert.Equal(6443, endpoints.Subsets[0].Ports[0].Port);
        Assert.Equal("192.0.2.10", slice.Endpoints[0].Addresses[0]);
    }

    [Fact]
    public async Task Start_Again_ChangesNothing()
    {
        await using var rig = await RegistryRig.StartAsync();
        var before = await rig.GetAsync<Service>("kubernetes");
        await using var again = await RegistryRig.HostOn(rig.Store);

        Assert.Equal(before, await rig.GetAsync<Service>("kubernetes"));
    }

    [Fact]
    public async Task Start_WithAuthority_PublishesItForComponents()
    {
        var pem = Authority();
        await using var rig = await RegistryRig.StartAsync(options: new RegistryOptions { ClientAuthority = pem });

        var published = await rig.GetAsync<ConfigMap>("extension-apiserver-authentication", "kube-system");
        Assert.Equal(pem, published.Data["client-ca-file"]);
        Assert.Single(published.Data);
    }

    [Fact]
    public async Task Start_ServersOfTwoAuthorities_PublishBoth()
    {
        var (first, second) = (Authority(), Authority());
        await using var rig = await RegistryRig.StartAsync(options: new RegistryOptions { ClientAuthority = first });
        await using var other = await RegistryRig.HostOn(rig.Store, new RegistryOptions { ClientAuthority = second });
        await using var again = await RegistryRig.HostOn(rig.Store, new RegistryOptions { ClientAuthority = first });

        var published = await rig.GetAsync<ConfigMap>("extension-apiserver-authentication", "kube-system");
        var bundle = new X509Certificate2Collection();
        bundle.ImportFromPem(published.Data["client-ca-file"]);
        Assert.Equal(
            [X509Certificate2.CreateFromPem(first).Thumbprint, X509Certificate2.CreateFromPem(second).Thumbprint],
            bundle.Select(certificate => certificate.Thumbprint));
    }

    private static string Authority() => CertificateAuthority.Create(TimeProvider.System).CertificatePem;
}
