using Cluster.Api;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Allocation;

/// <summary>The claims one write of a service collects. Used by one request alone.</summary>
/// <param name="held">What the service holds already.</param>
/// <param name="taken">What an earlier try has lost.</param>
/// <param name="cache">What is probably claimed by anyone.</param>
internal sealed class ClaimDraft(IReadOnlySet<string> held, IReadOnlySet<string> taken, KeyCache cache)
{
    private readonly List<(string Key, StatusException? Failure)> _claimed = [];

    public IReadOnlyList<(string Key, StatusException? Failure)> Claimed => _claimed;

    public bool IsHeld(string key) => held.Contains(key) || _claimed.Exists(claim => claim.Key == key);

    public bool IsFree(string key) => !IsHeld(key) && !taken.Contains(key) && cache.RevisionOf(key) == 0;

    /// <summary>The service asks for it: refused if somebody else has it.</summary>
    public void Request(string key, StatusException failure) => _claimed.Add((key, failure));

    /// <summary>We picked it: another one is picked if somebody else has it.</summary>
    public void Choose(string key) => _claimed.Add((key, null));
}
