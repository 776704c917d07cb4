using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Kubelet.PodWorkers;
using Microsoft.AspNetCore.Http;

namespace Cluster.Kubelet.Server;

/// <summary>GET /pods: the pods of this node with the status it computed.</summary>
internal static class PodListing
{
    public static async Task WriteAsync(HttpContext context, PodWorkerSet workers)
    {
        var list = new PodList { Metadata = new() };
        list.Items.AddRange(workers.Pods);
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(JsonCodec.EncodeToBytes(list), context.RequestAborted);
    }
}
