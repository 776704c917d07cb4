using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Patching;
using Cluster.ApiServer.Bootstrap;
using Cluster.ApiServer.Registry;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Authentication;

/// <summary>Notes on the Secret of a token the day it was last used, so that people find those nobody needs any more. Once a day for each.</summary>
/// <param name="registry">Writes; null as long as the server starts, when nothing is noted.</param>
/// <param name="time">Tells the day.</param>
/// <param name="logger">Told what could not be noted.</param>
internal sealed class TokenUse(Func<IResourceRegistry?> registry, TimeProvider time, ILogger logger)
{
    /// <summary>Notes it. A failure is logged: the token is good whatever becomes of the note.</summary>
    public async ValueTask NoteAsync(Secret secret, CancellationToken cancellationToken)
    {
        var today = time.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (secret.Metadata.Labels.GetValueOrDefault(TokenSecrets.LastUsedLabel) == today || registry() is not { } writer)
            return;
        var labels = new JsonObject { [TokenSecrets.LastUsedLabel] = today };
        // The uid: another secret of the name knows nothing of this token.
        var patch = new JsonObject { ["metadata"] = new JsonObject { ["uid"] = secret.Metadata.Uid, ["labels"] = labels } };
        try
        {
            await writer.PatchAsync(Scope(secret), PatchMediaTypes.Merge, Encoding.UTF8.GetBytes(patch.ToJsonString()), cancellationToken);
        }
        catch (Exception failure) when (failure is StatusException or StoreException)
        {
            logger.LogWarning("The use of the token in {Namespace}/{Name} could not be noted: {Reason}", secret.Metadata.Namespace, secret.Metadata.Name, failure.Message);
        }
    }

    private static RequestScope Scope(Secret secret) => new()
    {
        Resource = ResourceCatalog.For<Secret>(),
        User = UserIdentity.ApiServer,
        FieldManager = SystemObjects.ManagerName,
        Namespace = secret.Metadata.Namespace,
        Name = secret.Metadata.Name,
    };
}
