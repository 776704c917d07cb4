using Cluster.Storage.Etcd;

namespace Cluster.Storage.Tests.Etcd;

public sealed class SharedRevisionReadTests
{
    private readonly List<TaskCompletionSource<long>> _requests = [];
    private readonly SharedRevisionRead _shared;

    public SharedRevisionReadTests()
    {
        _shared = new SharedRevisionRead(SendAsync);
    }

    [Fact]
    public async Task Read_WhileARequestIsUnderWay_SharesTheNextOne()
    {
        var first = _shared.ReadAsync();
        var second = _shared.ReadAsync();
        var third = _shared.ReadAsync();
        Assert.Single(_requests); // it was sent before the second reader asked, so it may be too old for it

        _requests[0].SetResult(1);
        Assert.Equal(1, await first);
        await Testing.Eventually.True(() => _requests.Count == 2);
        _requests[1].SetResult(2);

        Assert.Equal((2, 2), (await second, await third));
        Assert.Equal(2, _requests.Count);
    }

    [Fact]
    public async Task Read_RequestBeforeFailed_IsNotTold()
    {
        var first = _shared.ReadAsync();
        var second = _shared.ReadAsync();

        _requests[0].SetException(new StoreException("gone"));
        await Assert.ThrowsAsync<StoreException>(() => first);
        await Testing.Eventually.True(() => _requests.Count == 2);
        _requests[1].SetResult(2);

        Assert.Equal(2, await second);
    }

    private Task<long> SendAsync()
    {
        _requests.Add(new TaskCompletionSource<long>());
        return _requests[^1].Task;
    }
}
