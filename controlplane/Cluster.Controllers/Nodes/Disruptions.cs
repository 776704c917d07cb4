using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Nodes;

/// <summary>Says on a pod that is about to be taken away why it goes: jobs need not count that as a failure.</summary>
internal static class Disruptions
{
    /// <summary>Writes the condition DisruptionTarget; of a pod that nobody can run any more also that it has failed.</summary>
    /// <exception cref="StatusException">404 or 409: it is gone, or another pod has its name.</exception>
    public static Task MarkAsync(ControllerContext context, Pod pod, string reason, string message, bool hasFailed, CancellationToken cancellationToken)
    {
        var status = new JsonObject
        {
            ["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "DisruptionTarget", ["status"] = "True", ["reason"] = reason, ["message"] = message,
                ["lastTransitionTime"] = context.Now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
            }),
        };
        if (hasFailed)
        {
            status["phase"] = "Failed";
        }

        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid }, ["status"] = status };
        return context.Client.PatchAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, PatchBody.Strategic(patch.ToJsonString()), "status", cancellationToken);
    }
}
