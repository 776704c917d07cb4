namespace Cluster.Api.Apply.Schema;

/// <summary>The form of a value, as merging sees it.</summary>
internal enum ApplyKind
{
    /// <summary>A text, number or boolean.</summary>
    Scalar,

    /// <summary>A message: an object with declared fields.</summary>
    Struct,

    /// <summary>An object with free keys.</summary>
    Map,

    /// <summary>A list.</summary>
    List,

    /// <summary>JSON of any shape: objects are merged, lists are not.</summary>
    Any,

    /// <summary>What stands in a list of any shape: never merged.</summary>
    AnyAtomic,
}
