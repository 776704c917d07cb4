using Cluster.Dataplane.Services;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Dataplane.Tests.Services;

public sealed class GoneBackendsTests
{
    private const int Services = 1000;

    private readonly FakeTimeProvider _clock = new();
    private readonly CountingTime _time;
    private readonly ServiceDirectory _directory;

    public GoneBackendsTests()
    {
        _time = new CountingTime(_clock);
        _directory = new ServiceDirectory(null, null, _time);
    }

    [Fact]
    public void Publish_ManyServicesThatGo_LooksAtEachOnce()
    {
        for (var i = 0; i < Services; i++) _directory.Set(Make.Port($"ns/s{i}"), Make.Backends(10));
        _directory.Publish();
        var before = _time.Timestamps;
        for (var i = 0; i < Services; i++) _directory.Remove(Make.Port($"ns/s{i}").Id);
        Assert.Equal(Services, _directory.Publish().Count);
        // The clock is asked for each look at those that have left: once a publication, not once a service.
        Assert.InRange(_time.Timestamps - before, 0, 10);
    }

    [Fact]
    public void Gone_BackendThatLeavesInTheMiddle_IsTheOneWithItsConnections()
    {
        var entry = _directory.Publish(Make.Port("ns/web"), Make.Backends(5));
        foreach (var backend in entry.Backends) backend.State.Opened();
        var left = entry.Backends[1];
        _directory.Publish(Make.Port("ns/web"), [.. Make.Backends(5).Where(backend => backend.Uid != left.Uid)]);
        Assert.Equal([left.State], _directory.Gone().Select(gone => gone.Backend.State));
        left.State.Closed();
        Assert.Empty(_directory.Gone());
        // A relay that picked before it left is a moment late.
        left.State.Opened();
        Assert.Single(_directory.Gone());
        left.State.Closed();
        _clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Empty(_directory.Gone());
        left.State.Opened();
        Assert.Empty(_directory.Gone());
    }
}
