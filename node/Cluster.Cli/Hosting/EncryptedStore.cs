using Cluster.Storage;
using Cluster.Storage.Transforming;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>A cluster's store with its Secrets encrypted, and the loop that encrypts them anew when the keys have changed.</summary>
internal sealed class EncryptedStore : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>Looks after a rotation before the last pass: a transaction that was encrypted before it has ended, one way or the other.</summary>
    private const int LooksToSettle = 60;

    private readonly EncryptionKeyRing ring;
    private readonly AesGcmTransformer transformer;
    private readonly TransformingStore store;
    private readonly DataDirectory data;
    private readonly ILogger logger;
    private readonly TimeProvider time;
    private readonly CancellationTokenSource stop = new();
    private Task running = Task.CompletedTask;

    /// <param name="inner">Owned.</param>
    /// <param name="ring">The keys as they are now.</param>
    /// <param name="data">Where it is told which key all values are encrypted with.</param>
    /// <param name="logger">Told of a rotation, by names of keys alone.</param>
    /// <param name="time">The clock of looking again.</param>
    public EncryptedStore(IStore inner, EncryptionKeyRing ring, DataDirectory data, ILogger logger, TimeProvider time)
    {
        (this.ring, this.data, this.logger, this.time) = (ring, data, logger, time);
        transformer = new AesGcmTransformer(AesGcmTransformer.Secrets, ring);
        store = new TransformingStore(inner, [transformer]);
    }

    public IStore Store => store;

    /// <summary>Begins to follow the file of keys.</summary>
    public void Follow() => running = Task.Run(() => FollowAsync(stop.Token), CancellationToken.None);

    /// <summary>Encrypts all Secrets with the newest key, and then says so in <see cref="DataDirectory.EncryptedWith"/>.</summary>
    /// <returns>How many were written.</returns>
    public async Task<int> EncryptAllAsync(CancellationToken cancellationToken)
    {
        string newest = ring.Keys[0].Name;
        int written = await store.ReencryptAsync(transformer, cancellationToken);
        await File.WriteAllTextAsync(data.EncryptedWith, newest, cancellationToken);
        return written;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
        await store.DisposeAsync();
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        // A rotation may have happened, or been cut short, while nothing ran.
        bool due = true;
        int looksLeft = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                due |= ring.Refresh() || (looksLeft > 0 && --looksLeft == 0);
                if (due && await EncryptAllAsync(cancellationToken) is var written and > 0)
                {
                    logger.LogInformation("{Count} secrets were encrypted with the key {Key}", written, ring.Keys[0].Name);
                    looksLeft = LooksToSettle;
                }

                due = false;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is StoreException or IOException or UnauthorizedAccessException)
            {
                // A store or a file that is away now is asked again.
                logger.LogWarning("The secrets cannot be encrypted anew: {Message}", failure.Message);
            }

            await Task.Delay(LookEvery, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
