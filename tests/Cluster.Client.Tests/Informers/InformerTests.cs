using Cluster.Api.CoreV1;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Client.Tests.Informers;

public sealed class InformerTests : IAsyncLifetime
{
    private readonly FakeApiClient _api = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Informer<Pod> _informer;
    private readonly List<string> _told = [];
    private Task _running = Task.CompletedTask;

    public InformerTests() => _informer = new(_api, null, ListQuery.All, NullLogger.Instance);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    [Fact]
    public async Task RunAsync_ObjectsThere_ListsThemAndTellsHandlers()
    {
        _api.Seed(Make.Pod("a"));
        _api.Seed(Make.Pod("b", "other"));
        _informer.AddHandler(Tell);

        await StartAsync();

        Assert.Equal(["+a", "+b"], _told.Order());
        Assert.Equal("a", _informer.Get("default", "a")?.Metadata.Name);
        Assert.Null(_informer.Get("default", "b"));
        Assert.Equal(2, _informer.List().Count);
    }

    [Fact]
    public async Task Prime_BeforeTheFirstList_IsShownAndThenCorrected()
    {
        var (same, gone) = (_api.Seed(Make.Pod("same")), Make.Pod("gone"));
        _api.Seed(Make.Pod("new"));
        _api.Fault = _ => new HttpRequestException("away");
        _informer.AddHandler(Tell);
        _informer.Prime([same, gone]);
        _running = _informer.RunAsync(_stop.Token);
        await _informer.WaitForContentAsync(CancellationToken.None);
        Assert.False(_informer.HasSynced);
        Assert.Equal(2, _informer.List().Count);

        _api.Fault = null;
        await _informer.WaitForSyncAsync(CancellationToken.None);
        Assert.Equal(["+gone", "+new", "+same", "-gone"], _told.Order(StringComparer.Ordinal));
        Assert.Equal(["new", "same"], _informer.List().Select(pod => pod.Metadata.Name).Order());
    }

    [Fact]
    public async Task RunAsync_ObjectsChange_FollowsInOrder()
    {
        _informer.AddHandler(Tell);
        await StartAsync();

        _api.Seed(Make.Pod("a"));
        _api.Change<Pod>("default", "a", pod => pod.Metadata.Labels["x"] = "y");
        _api.Remove<Pod>("default", "a");

        await Eventually.True(() => Told() == "+a *a -a");
        Assert.Empty(_informer.List());
    }

    [Fact]
    public async Task PacksUnread_MoreThanAPage_ShowsWhatTheServerHas()
    {
        var there = Seeded(Informer<Pod>.PackedFrom + 1);
        var informer = new Informer<Pod>(_api, null, ListQuery.All, NullLogger.Instance) { PacksUnread = true };
        informer.AddIndex("name", pod => [pod.Metadata.Name]);
        informer.AddHandler(Tell);
        _running = informer.RunAsync(_stop.Token);
        await informer.WaitForSyncAsync(_stop.Token);

        Assert.Equal(there.Keys.Order(), _told.Select(told => told[1..]).Order());
        Assert.All(informer.List(), pod => Assert.Equal(Plain(there[pod.Metadata.Name]), pod));
        Assert.Equal(Plain(there["p7"]), informer.Get("default", "p7"));
        Assert.Equal(Plain(there["p7"]), Assert.Single(informer.ByIndex("name", "p7")));
        Assert.Equal(there.Count, informer.IndexKeys("name").Count);
    }

    [Fact]
    public async Task PacksUnread_ObjectsChange_TellsOldAndNew()
    {
        Seeded(Informer<Pod>.PackedFrom + 1);
        var informer = new Informer<Pod>(_api, null, ListQuery.All, NullLogger.Instance) { PacksUnread = true };
        informer.AddIndex("label", pod => pod.Metadata.Labels.Values);
        _running = informer.RunAsync(_stop.Token);
        await informer.WaitForSyncAsync(_stop.Token);
        var changes = new List<(Pod? Old, Pod? New)>();
        informer.AddHandler((old, current) =>
        {
            if (old is not null)
            {
                lock (changes)
                {
                    changes.Add((old, current));
                }
            }
        });

        var was = _api.Find<Pod>("default", "p7")!;
        var changed = _api.Change<Pod>("default", "p7", pod => pod.Metadata.Labels["x"] = "y");
        _api.Remove<Pod>("default", "p8");

        await Eventually.True(() => Count() == 2);
        Assert.Equal((Plain(was), Plain(changed)), changes[0]);
        Assert.Equal("p8", changes[1].Old!.Metadata.Name);
        Assert.Equal("p7", Assert.Single(informer.ByIndex("label", "y")).Metadata.Name);
        Assert.Null(informer.Get("default", "p8"));

        int Count()
        {
            lock (changes)
            {
                return changes.Count;
            }
        }
    }

    [Fact]
    public async Task PacksUnread_ReadAgain_KeepsTheObjectUntilNobodyDoes()
    {
        Seeded(Informer<Pod>.PackedFrom + 1);
        var time = new FakeTimeProvider();
        var informer = new Informer<Pod>(_api, null, ListQuery.All, NullLogger.Instance, time) { PacksUnread = true };
        _running = informer.RunAsync(_stop.Token);
        await informer.WaitForSyncAsync(_stop.Token);

        Assert.NotSame(Read(), Read());
        Assert.Same(Read(), Read());

        // What comes after the sweeps is seen after them.
        time.Advance(TimeSpan.FromSeconds(90));
        _api.Seed(Make.Pod("last"));
        await Eventually.True(() => informer.Get("default", "last") is not null);
        Assert.NotSame(Read(), Read());

        Pod Read() => informer.Get("default", "p3")!;
    }

    [Fact]
    public async Task RunAsync_MoreThanAPage_ReadsAllPages()
    {
        for (var i = 0; i < 1100; i++)
        {
            _api.Seed(Make.Pod($"p{i}"));
        }

        await StartAsync();

        Assert.Equal(1100, _informer.List().Count);
        Assert.Equal(3, _api.Requests.Count(request => request.Verb == "list"));
    }

    [Fact]
    public async Task RunAsync_WatchEnds_ResumesWithoutListing()
    {
        _informer.AddHandler(Tell);
        await StartAsync();
        await Eventually.True(() => _api.OpenWatches<Pod>() == 1);

        _api.EndWatches();
        await Eventually.True(() => _api.OpenWatches<Pod>() == 0);
        _api.Seed(Make.Pod("while-away"));

        await Eventually.True(() => Told() == "+while-away");
        Assert.Single(_api.Requests, request => request.Verb == "list");
    }

    [Fact]
    public async Task RunAsync_HistoryGoneWhileAway_ListsAgainAndTellsDifferences()
    {
        _api.Seed(Make.Pod("stays"));
        _api.Seed(Make.Pod("goes"));
        _informer.AddHandler(Tell);
        await StartAsync();
        await Eventually.True(() => _api.OpenWatches<Pod>() == 1);
        _told.Clear();

        _api.EndWatches();
        await Eventually.True(() => _api.OpenWatches<Pod>() == 0);
        _api.Remove<Pod>("default", "goes");
        _api.Seed(Make.Pod("comes"));
        _api.Compact();

        await Eventually.True(() => _told.Count == 2);
        Assert.Equal(["+comes", "-goes"], _told.Order());
        Assert.Equal(2, _api.Requests.Count(request => request.Verb == "list"));
    }

    [Fact]
    public async Task RunAsync_BookmarkThenCompaction_ResumesFromTheBookmark()
    {
        await StartAsync();
        await Eventually.True(() => _api.OpenWatches<Pod>() == 1);
        _api.Seed(new Node { Metadata = new() { Name = "n" } });
        _api.SendBookmarks();
        _api.EndWatches();
        await Eventually.True(() => _api.OpenWatches<Pod>() == 0);
        _api.Compact();
        await Eventually.True(() => _api.Requests.Count(request => request.Verb == "watch") == 2 && _api.OpenWatches<Pod>() == 1);

        _api.Seed(Make.Pod("a"));

        await Eventually.True(() => _informer.List().Count == 1);
        Assert.Single(_api.Requests, request => request.Verb == "list");
    }

    [Fact]
    public async Task RunAsync_ServerAwayAtFirst_TriesAgainUntilItAnswers()
    {
        var failures = 0;
        _api.Seed(Make.Pod("a"));
        _api.Fault = request => request.Verb == "list" && failures++ < 2 ? new HttpRequestException("refused") : null;

        await StartAsync();

        Assert.Single(_informer.List());
    }

    [Fact]
    public async Task AddHandler_AfterSync_IsToldOfWhatIsThere()
    {
        _api.Seed(Make.Pod("a"));
        await StartAsync();

        _informer.AddHandler(Tell);

        await Eventually.True(() => Told() == "+a");
    }

    [Fact]
    public async Task AddHandler_HandlerThrows_OthersAndLaterChangesGoOn()
    {
        _informer.AddHandler((_, _) => throw new InvalidOperationException("bug"));
        _informer.AddHandler(Tell);
        await StartAsync();

        _api.Seed(Make.Pod("a"));
        _api.Seed(Make.Pod("b"));

        await Eventually.True(() => Told() == "+a +b");
    }

    [Fact]
    public async Task ByIndex_ObjectMoves_FollowsIt()
    {
        _informer.AddIndex("node", pod => [pod.Spec.NodeName]);
        _api.Seed(Make.Pod("a", node: "n1"));
        _api.Seed(Make.Pod("b", node: "n1"));
        await StartAsync();
        Assert.Equal(2, _informer.ByIndex("node", "n1").Count);

        _api.Change<Pod>("default", "a", pod => pod.Spec.NodeName = "n2");
        await Eventually.True(() => _informer.ByIndex("node", "n2").Count == 1);

        Assert.Single(_informer.ByIndex("node", "n1"));
        Assert.Empty(_informer.ByIndex("node", "n3"));
    }

    [Fact]
    public async Task RunAsync_Selector_SeesObjectsComeAndGoByIt()
    {
        var informer = new Informer<Pod>(_api, "default", new() { LabelSelector = "app=web" }, NullLogger.Instance);
        var running = informer.RunAsync(_stop.Token);
        _api.Seed(Make.Pod("a"));
        _api.Seed(Make.Pod("b", app: "db"));
        _api.Seed(Make.Pod("c", ns: "other"));
        await Eventually.True(() => informer.List().Count == 1);

        _api.Change<Pod>("default", "a", pod => pod.Metadata.Labels["app"] = "db");
        await Eventually.True(() => informer.List().Count == 0);

        await _stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task For_SameKindTwice_SharesOneWatch()
    {
        var factory = new InformerFactory(_api, NullLogger.Instance);
        var first = factory.For<Pod>();
        var running = factory.RunAsync(_stop.Token);
        await factory.WaitForSyncAsync(_stop.Token);
        var late = factory.For<Node>();
        await factory.WaitForSyncAsync(_stop.Token);

        Assert.Same(first, factory.For<Pod>());
        Assert.True(late.HasSynced);
        Assert.Equal(2, _api.Requests.Count(request => request.Verb == "list"));

        await _stop.CancelAsync();
        await running;
    }

    // With managedFields, which an informer that packs drops.
    private Dictionary<string, Pod> Seeded(int count)
    {
        var pods = Enumerable.Range(0, count).Select(i => Make.Pod($"p{i}")).ToList();
        foreach (var pod in pods)
        {
            pod.Metadata.ManagedFields.Add(new Api.MetaV1.ManagedFieldsEntry { Manager = "kubectl" });
        }

        return pods.Select(_api.Seed).ToDictionary(pod => pod.Metadata.Name);
    }

    private static Pod Plain(Pod pod)
    {
        var plain = pod.Clone();
        plain.Metadata.ManagedFields.Clear();
        return plain;
    }

    private async Task StartAsync()
    {
        _running = _informer.RunAsync(_stop.Token);
        await _informer.WaitForSyncAsync(_stop.Token).WaitAsync(TimeSpan.FromSeconds(30));
    }

    private void Tell(Pod? old, Pod? current)
    {
        lock (_told)
        {
            _told.Add((old is null ? "+" : current is null ? "-" : "*") + (current ?? old)!.Metadata.Name);
        }
    }

    private string Told()
    {
        lock (_told)
        {
            return string.Join(' ', _told);
        }
    }
}
