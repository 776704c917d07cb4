using System.Globalization;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.ServiceAccounts;

/// <summary>Deletes bootstrap tokens (secrets of type <c>bootstrap.kubernetes.io/token</c>) when they have expired.</summary>
internal sealed class BootstrapTokenCleaner(ControllerContext context) : IController
{
    private const string Namespace = "kube-system";
    private const string Type = "bootstrap.kubernetes.io/token";

    private Informer<Secret> _secrets = null!;

    public string Name => "tokencleaner";

    public void Watch(ControllerWatches watches) => _secrets = watches.On<Secret>((_, current) =>
    {
        if (current is { Type: Type, Metadata.Namespace: Namespace })
            watches.Add(ObjectKey.Of(current));
    });

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_secrets.Get(key) is not { Type: Type } secret || Expiry(secret) is not { } expiry)
            return null;
        if (expiry > context.Now)
            return expiry - context.Now;
        try
        {
            await context.Client.DeleteAsync<Secret>(key.Namespace, key.Name, new() { Preconditions = new() { Uid = secret.Metadata.Uid } }, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone, or made anew.
        }

        return null;
    }

    // No time means no end; one that can't be read is taken as past, as the server takes it.
    private static DateTimeOffset? Expiry(Secret secret)
    {
        if (!secret.Data.TryGetValue("expiration", out var text))
            return null;
        return DateTimeOffset.TryParse(text.ToStringUtf8(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : DateTimeOffset.MinValue;
    }
}
