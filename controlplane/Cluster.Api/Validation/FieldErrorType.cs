namespace Cluster.Api.Validation;

/// <summary>What is wrong with a field. Each type has a text in messages and a reason in a Status' causes.</summary>
public enum FieldErrorType
{
    /// <summary>The value names something that does not exist.</summary>
    NotFound,

    /// <summary>A value must be given.</summary>
    Required,

    /// <summary>The value must be unique.</summary>
    Duplicate,

    /// <summary>The value breaks a rule: format, range, relation to other fields.</summary>
    Invalid,

    /// <summary>The value is none of a closed set.</summary>
    NotSupported,

    /// <summary>The value may not be given here, or may not change.</summary>
    Forbidden,

    /// <summary>The value has too many bytes.</summary>
    TooLong,

    /// <summary>The list has too many items.</summary>
    TooMany,

    /// <summary>The check itself failed.</summary>
    Internal,

    /// <summary>The value has the wrong JSON type.</summary>
    TypeInvalid,
}
