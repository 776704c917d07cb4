using Cluster.Api.CoreV1;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Client.Tests.Events;

public sealed class EventRecorderTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(50));
    private readonly FakeApiClient _api = new();

    [Fact]
    public async Task Record_Once_WritesAnEventAboutTheObject()
    {
        var pod = _api.Seed(Make.Pod("a"));
        await using (var events = NewRecorder())
        {
            events.Record(pod, "Normal", "Started", "Started container x");
            await Eventually.True(() => _api.All<Event>().Count == 1);
        }

        var written = Assert.Single(_api.All<Event>());
        Assert.Equal("default", written.Metadata.Namespace);
        Assert.StartsWith("a.", written.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal(("Pod", "a", pod.Metadata.Uid), (written.InvolvedObject.Kind, written.InvolvedObject.Name, written.InvolvedObject.Uid));
        Assert.Equal(("Normal", "Started", "Started container x", 1), (written.Type, written.Reason, written.Message, written.Count));
        Assert.Equal("test-component", written.Source.Component);
    }

    [Fact]
    public async Task Record_SameAgain_CountsOnTheFirst()
    {
        var pod = _api.Seed(Make.Pod("a"));
        await using (var events = NewRecorder())
        {
            for (var i = 0; i < 3; i++)
            {
                events.Record(pod, "Warning", "BackOff", "Back-off restarting");
                _time.Advance(TimeSpan.FromSeconds(10));
            }

            await Eventually.True(() => _api.All<Event>() is [{ Count: 3 }]);
        }

        var written = Assert.Single(_api.All<Event>());
        Assert.Equal(3, written.Count);
        Assert.Equal(20, written.LastTimestamp.Seconds - written.FirstTimestamp.Seconds);
    }

    [Fact]
    public async Task Record_ManyDifferentMessages_CombinesThem()
    {
        var pod = _api.Seed(Make.Pod("a"));
        await using (var events = NewRecorder())
        {
            for (var i = 0; i < 14; i++)
            {
                events.Record(pod, "Normal", "Created", $"Created pod {i}");
                _time.Advance(TimeSpan.FromSeconds(1));
            }

            await Eventually.True(() => _api.All<Event>().Any(e => e.Count == 4));
        }

        var combined = Assert.Single(_api.All<Event>(), e => e.Message.StartsWith("(combined from similar events): ", StringComparison.Ordinal));
        Assert.Equal(4, combined.Count);
        Assert.Equal(11, _api.All<Event>().Count);
    }

    [Fact]
    public async Task Record_Flood_IsCutAtTheBurst()
    {
        var pod = _api.Seed(Make.Pod("a"));
        await using (var events = NewRecorder())
        {
            for (var i = 0; i < 100; i++)
            {
                events.Record(pod, "Normal", "Again", "the same");
            }

            await Eventually.True(() => _api.All<Event>() is [{ Count: 25 }]);
        }

        Assert.Equal(25, Assert.Single(_api.All<Event>()).Count);
    }

    [Fact]
    public async Task Record_ServerRefuses_GoesOn()
    {
        var pod = _api.Seed(Make.Pod("a"));
        _api.Fault = request => _api.Requests.Count == 1 ? Api.StatusErrors.InternalError("no") : null;
        await using (var events = NewRecorder())
        {
            events.Record(pod, "Normal", "One", "1");
            events.Record(pod, "Normal", "Two", "2");
            await Eventually.True(() => _api.All<Event>().Count == 1);
        }

        Assert.Equal("Two", Assert.Single(_api.All<Event>()).Reason);
    }

    [Fact]
    public async Task Record_ClusterScopedObject_GoesToDefault()
    {
        var node = _api.Seed(new Node { Metadata = new() { Name = "n1" } });
        await using (var events = NewRecorder())
        {
            events.Record(node, "Normal", "NodeReady", "Node n1 status is now: NodeReady");
            await Eventually.True(() => _api.All<Event>().Count == 1);
        }

        Assert.Equal("default", Assert.Single(_api.All<Event>()).Metadata.Namespace);
    }

    private EventRecorder NewRecorder() => new(_api, "test-component", _time, NullLogger.Instance);
}
