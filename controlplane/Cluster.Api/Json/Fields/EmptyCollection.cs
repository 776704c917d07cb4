namespace Cluster.Api.Json.Fields;

/// <summary>What JSON shows of a list or map without elements.</summary>
internal enum EmptyCollection
{
    Omitted,

    /// <summary><c>null</c>: a Go collection that was never made, which is what one decoded from protobuf is.</summary>
    Null,

    /// <summary><c>[]</c>: the items of a list, which API servers always make.</summary>
    Written,
}
