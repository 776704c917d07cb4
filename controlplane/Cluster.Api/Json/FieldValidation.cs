namespace Cluster.Api.Json;

/// <summary>What becomes of fields that a kind does not have, or that come twice.</summary>
public enum FieldValidation
{
    /// <summary>They are dropped; of two the last one counts.</summary>
    Ignore,

    /// <summary>As <see cref="Ignore"/>, and each is told of in the warnings.</summary>
    Warn,

    /// <summary>The object is refused.</summary>
    Strict,
}
