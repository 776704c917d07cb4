using System.Net;
using System.Net.Sockets;

namespace Cluster.EndToEnd.Tests;

/// <summary>A pod on its way out that waits for its connections: kubelet, proxy and a real container.</summary>
[Collection(SharedCluster.Name)]
public sealed class DrainingTests(RunningCluster cluster)
{
    [Theory]
    [InlineData("loop")]
    [InlineData("connect")]
    public async Task Pod_Deleted_RunsOnUntilItsLastConnectionEnds(string path)
    {
        Kubectl kubectl = await cluster.KubectlAsync();
        await kubectl.ApplyAsync(Manifests.Echo("lasting", path));
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/lasting", "--timeout=60s");
        IPAddress address = IPAddress.Parse(await kubectl.JsonPathAsync("service/lasting", "{.spec.clusterIP}"));
        using TcpClient client = await Traffic.ConnectAsync(address, 80);
        Assert.Equal("before", await Traffic.EchoAsync(client, "before"));

        await kubectl.RunAsync("delete", "pod/lasting", "--wait=false");
        await Poll.UntilEqualAsync("its endpoint", "true", () => kubectl.JsonPathAsync("endpointslices", "{.items[0].endpoints[0].conditions.terminating}"));
        // Its shell ends at once when it is told to: whatever is answered from now on was waited for.
        for (int i = 0; i < 20; i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            Assert.Equal($"number {i:00}", await Traffic.EchoAsync(client, $"number {i:00}"));
        }

        Assert.Single(await Engine.ContainersAsync(kubectl.Namespace, "lasting", "main"));
        client.Dispose();
        // Long before its grace is over.
        await Poll.UntilAsync("the pod to be gone", async () => (await kubectl.RunAsync("get", "pods", "-o", "name")).Trim().Length == 0);
    }
}
