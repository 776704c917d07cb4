using Cluster.Api;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>What is kept of one write's way through the plug-ins, to send it round once more where a webhook changed the object.</summary>
/// <remarks>
/// The plug-ins before the webhooks have not seen what those added; a sidecar would lack its token and its limits. In the second round all plug-ins
/// see the object again, but of the webhooks only those that want it: if others changed the object after they saw it. There is no third. One request, one thread at a time.
/// </remarks>
internal sealed class Reinvocation
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly HashSet<string> _again = new(StringComparer.Ordinal);
    private IApiObject? _afterWebhooks;

    public bool IsSecondRound { get; private set; }

    /// <summary>A webhook changed the object in the first round.</summary>
    public bool IsWanted { get; private set; }

    public void BeginSecondRound() => IsSecondRound = true;

    /// <summary>The webhooks' turn begins, with the object as the plug-ins before them leave it.</summary>
    public void BeginWebhooks(IApiObject? obj)
    {
        if (IsSecondRound && !Equals(obj, _afterWebhooks))
            _again.UnionWith(_asked);
    }

    /// <summary>The webhooks' turn is over.</summary>
    public void EndWebhooks(IApiObject? obj)
    {
        // A second round compares; nobody asks otherwise.
        if (IsWanted && !IsSecondRound)
            _afterWebhooks = obj?.Copy();
    }

    /// <summary>The webhook's turn is now, for all that is known of earlier ones.</summary>
    public bool IsDue(string webhook) => !IsSecondRound || _again.Contains(webhook);

    /// <summary>The webhook was asked.</summary>
    /// <param name="webhook">Told from all others.</param>
    /// <param name="changed">It changed the object: those before it have not seen that.</param>
    /// <param name="wantsAgain">Its reinvocation policy is IfNeeded.</param>
    public void Note(string webhook, bool changed, bool wantsAgain)
    {
        if (changed)
        {
            IsWanted = true;
            _again.UnionWith(_asked);
        }

        if (wantsAgain)
            _asked.Add(webhook);
    }
}
