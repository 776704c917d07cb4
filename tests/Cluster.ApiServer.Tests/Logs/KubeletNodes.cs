using System.Security.Cryptography.X509Certificates;
using System.Text;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Logs;

/// <summary>Nodes with a fake kubelet each, and pods bound to them.</summary>
internal static class KubeletNodes
{
    /// <summary>Makes a node whose kubelet answers on a free port of loopback.</summary>
    public static async Task<FakeKubelet> StartKubeletAsync(this ApiServerRig rig, string node)
    {
        using var authority = X509CertificateLoader.LoadCertificateFromFile(rig.Pki.AuthorityCertificate);
        var port = FreePort.Tcp();
        var kubelet = await FakeKubelet.StartAsync(
            port,
            ApiServerRig.Load(rig.Pki.KubeletServingCertificate, rig.Pki.KubeletServingKey),
            X509CertificateLoader.LoadCertificate(authority.RawData));
        await rig.AddNodeAsync(node, port);
        return kubelet;
    }

    /// <summary>Makes a node whose kubelet is said to answer on a port of loopback.</summary>
    public static async Task AddNodeAsync(this ApiServerRig rig, string node, int port)
    {
        await PostAsync(rig, "/api/v1/nodes", $$$"""{"metadata":{"name":"{{{node}}}"}}""");
        using var patch = new StringContent(
            $$$"""
            {"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":{{{port}}}}},
             "allocatable":{"cpu":"4","memory":"8Gi","pods":"110"},"capacity":{"cpu":"4","memory":"8Gi","pods":"110"} } }
            """,
            Encoding.UTF8, "application/merge-patch+json");
        using var response = await rig.Admin.PatchAsync($"/api/v1/nodes/{node}/status", patch, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Makes a pod of namespace <c>default</c>; on no node where that is empty.</summary>
    public static async Task AddPodAsync(this ApiServerRig rig, string name, string node, params string[] containers)
    {
        var list = string.Join(',', containers.Select(container => $$$"""{"name":"{{{container}}}","image":"img"}"""));
        var nodeName = node.Length == 0 ? "" : $"\"nodeName\":\"{node}\",";
        await PostAsync(rig, "/api/v1/namespaces/default/pods", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{{{{nodeName}}}"containers":[{{{list}}}]}}""");
    }

    private static async Task PostAsync(ApiServerRig rig, string path, string json)
    {
        using var body = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await rig.Admin.PostAsync(path, body, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
