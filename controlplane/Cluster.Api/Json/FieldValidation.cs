namespace Cluster.Api.Json;

/// <summary>What becomes of fields the schema does not know, or that are given twice.</summary>
public enum FieldValidation
{
    /// <summary>Dropped silently.</summary>
    Ignore,

    /// <summary>Dropped, and each named in a warning.</summary>
    Warn,

    /// <summary>The request is refused.</summary>
    Strict,
}
