using Cluster.Dataplane.Net;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Whether a loop accepts connections, or rests because there is no room for more. Used by its loop's thread alone.</summary>
internal sealed class AcceptGate(TimeSpan pause, ILogger logger)
{
    /// <summary>A loop that rests again and again says so once in this time, not 20 times a second.</summary>
    private const int LogPeriodMs = 10_000;

    private long _resumeAt;
    private long _nextLog = long.MinValue;

    public bool IsOpen { get; private set; } = true;

    /// <param name="reason">What there is no room for.</param>
    /// <param name="nowMs">The loop's clock.</param>
    /// <param name="rest">What is short does not tell when there is more of it: it is looked for again after the pause.</param>
    /// <param name="atLeastMs">It rests for so long in any case.</param>
    public void Close(string reason, long nowMs, bool rest, long atLeastMs)
    {
        IsOpen = false;
        _resumeAt = nowMs + Math.Max(atLeastMs, rest ? (long)pause.TotalMilliseconds : 0);
        DataplaneMetrics.AcceptPauses.Add(1);
        if (nowMs < _nextLog) return;
        _nextLog = nowMs + LogPeriodMs;
        logger.LogWarning("Accepting rests until there is room: {Reason}", reason);
    }

    /// <summary>True once it has rested for long enough.</summary>
    public bool MayOpen(long nowMs) => nowMs >= _resumeAt;

    public void Open() => IsOpen = true;
}
