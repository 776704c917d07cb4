namespace Cluster.Api.Apply.Schema;

/// <summary>Which JSON values a scalar may be.</summary>
internal enum ScalarKind
{
    Text,
    Number,
    Boolean,

    /// <summary>Any of them: quantities, times, ports that may be names.</summary>
    Untyped,
}
