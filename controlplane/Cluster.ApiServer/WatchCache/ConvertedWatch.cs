using System.Runtime.CompilerServices;
using Cluster.Api;
using Cluster.Api.Conversion;

namespace Cluster.ApiServer.WatchCache;

/// <summary>A watch in another version than the stored one. Each object version is converted once for all its watchers.</summary>
internal sealed class ConvertedWatch(ResourceWatch stored, ResourceType version) : ResourceWatch
{
    /// <inheritdoc/>
    public override Action? Started
    {
        get => stored.Started;
        set => stored.Started = value;
    }

    /// <inheritdoc/>
    public override TimeSpan? Lifetime
    {
        get => stored.Lifetime;
        set => stored.Lifetime = value;
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<IReadOnlyList<ResourceEvent>> ReadAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var batch in stored.ReadAsync(cancellationToken))
            yield return [.. batch.Select(change => change with { Object = Convert(change.Object) })];
    }

    private EncodedMessage Convert(EncodedMessage message) => message is ObjectVersion obj
        ? obj.As(version)
        : new EncodedMessage(Conversions.FromStored((IApiObject)message.Message, version.Descriptor), version.ApiVersion, version.Kind);
}
