namespace Cluster.LoadTests.Api;

/// <summary>One work of the API server's benchmark.</summary>
/// <param name="Name">As options and data call it.</param>
/// <param name="Title">As reports do.</param>
/// <param name="IsWatch">Its operation is an event that reached a watcher; else it is a request.</param>
internal sealed record ApiWork(string Name, string Title, bool IsWatch)
{
    public static readonly ApiWork Create = new("create", "create a pod", false);
    public static readonly ApiWork Get = new("get", "get a pod", false);
    public static readonly ApiWork List = new("list", "list pods, JSON", false);
    public static readonly ApiWork ListProtobuf = new("list-protobuf", "list pods, protobuf", false);
    public static readonly ApiWork WatchFlooded = new("watch-flooded", "watch, flooded", true);
    public static readonly ApiWork WatchPaced = new("watch-paced", "watch, paced", true);

    public static IReadOnlyList<ApiWork> All { get; } = [Create, Get, List, ListProtobuf, WatchFlooded, WatchPaced];
}
