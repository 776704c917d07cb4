using Cluster.Api;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Registry;

/// <summary>One object's transaction: its own key compared and written, and with it what its kind claims.</summary>
internal sealed class ObjectWriter(IStore store, ResourceType type, ResourceStrategy strategy)
{
    // Far more lost races in a row than any load makes: then something is wrong, and the client should know.
    public const int MaxTries = 64;

    /// <summary>Writes the object if its key is still at <paramref name="old"/> (null: absent).</summary>
    /// <param name="key">The store key.</param>
    /// <param name="obj">The object; its claimant may fill in what is allocated.</param>
    /// <param name="old">The version it replaces.</param>
    /// <param name="cancellationToken">Ends the write; its outcome is then unknown.</param>
    public async ValueTask<WriteOutcome> PutAsync(string key, IApiObject obj, ObjectVersion? old, CancellationToken cancellationToken)
    {
        var taken = new HashSet<string>(StringComparer.Ordinal);
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var candidate = strategy.Claimant is { FillsIn: true } ? obj.Copy() : obj;
            var plan = Plan(candidate, old, taken);
            var result = await store.TxnAsync(
                new StoreTxn(
                    [new StoreCompare(key, old?.Revision ?? 0), .. plan.Compares],
                    [new StoreOp(key, StoredForm.Encode(type, candidate), strategy.TimeToLive), .. plan.Operations]),
                cancellationToken);
            if (result.Succeeded)
                return WriteOutcome.Written(StoredForm.Version(type, key, candidate, result.Revision));

            if (result.Current[0]?.ModRevision != old?.Revision)
                return WriteOutcome.Lost(result.Current[0]);

            plan.Lose(result.Current.Skip(1), taken);
        }

        throw StatusErrors.ServerTimeout(type, "write", 1);
    }

    /// <summary>Fills in what is allocated and stores nothing: what a dry run returns.</summary>
    public IApiObject Preview(IApiObject obj, ObjectVersion? old)
    {
        Plan(obj, old, new HashSet<string>());
        return obj;
    }

    /// <summary>Deletes the object and its claims if its key is still at <paramref name="old"/>.</summary>
    /// <param name="old">The version to delete.</param>
    /// <param name="last">The state to report as deleted.</param>
    /// <param name="cancellationToken">Ends the write; its outcome is then unknown.</param>
    public async ValueTask<WriteOutcome> DeleteAsync(ObjectVersion old, IApiObject last, CancellationToken cancellationToken)
    {
        var claims = strategy.Claimant?.ClaimsOf(old.Object) ?? [];
        var result = await store.TxnAsync(
            new StoreTxn(
                [new StoreCompare(old.Key, old.Revision)],
                [new StoreOp(old.Key, null), .. claims.Select(key => new StoreOp(key, null))]),
            cancellationToken);
        return result.Succeeded
            ? WriteOutcome.Written(StoredForm.Version(type, old.Key, last.Copy(), result.Revision))
            : WriteOutcome.Lost(result.Current[0]);
    }

    private ClaimPlan Plan(IApiObject obj, ObjectVersion? old, IReadOnlySet<string> taken) =>
        strategy.Claimant?.Plan(obj, old?.Object, taken) ?? ClaimPlan.None;
}
