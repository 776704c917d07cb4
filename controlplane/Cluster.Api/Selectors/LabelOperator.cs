namespace Cluster.Api.Selectors;

/// <summary>How a requirement compares a label.</summary>
public enum LabelOperator
{
    /// <summary><c>key=value</c>, also <c>key==value</c>: the label is there with the value.</summary>
    Equals,

    /// <summary><c>key!=value</c>: the label is absent or has another value.</summary>
    NotEquals,

    /// <summary><c>key in (a,b)</c>: the label is there with one of the values.</summary>
    In,

    /// <summary><c>key notin (a,b)</c>: the label is absent or has none of the values.</summary>
    NotIn,

    /// <summary><c>key</c>: the label is there.</summary>
    Exists,

    /// <summary><c>!key</c>: the label is absent.</summary>
    DoesNotExist,

    /// <summary><c>key&gt;n</c>: the label is there, an integer, and greater.</summary>
    GreaterThan,

    /// <summary><c>key&lt;n</c>: the label is there, an integer, and less.</summary>
    LessThan,
}
