using Cluster.Api;

namespace Cluster.Controllers.Tests.Framework;

/// <summary>An API server having a bad day: requests fail, replies get lost, watches break and history is forgotten.</summary>
internal sealed class Trouble
{
    private readonly ControllerRig _rig;
    private readonly Random _random;
    private readonly Lock _lock = new();

    public Trouble(ControllerRig rig, int seed)
    {
        _rig = rig;
        _random = new(seed);
        rig.Api.Fault = _ => Chance(0.2)
            ? Chance(0.5) ? StatusErrors.InternalError("trouble") : new HttpRequestException("refused")
            : null;
        rig.Api.LostReply = _ => Chance(0.1) ? new HttpRequestException("reset") : null;
    }

    /// <summary>Once a tick.</summary>
    public void Step()
    {
        if (Chance(0.1))
        {
            _rig.Api.EndWatches();
        }

        if (Chance(0.03))
        {
            _rig.Api.Compact();
        }
    }

    public void End()
    {
        _rig.Api.Fault = null;
        _rig.Api.LostReply = null;
    }

    private bool Chance(double share)
    {
        lock (_lock)
        {
            return _random.NextDouble() < share;
        }
    }
}
