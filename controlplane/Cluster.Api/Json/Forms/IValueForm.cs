namespace Cluster.Api.Json.Forms;

/// <summary>How values of one type stand in JSON. Implemented by empty structs, so that generic fields cost no call.</summary>
internal interface IValueForm<T>
{
    /// <summary>The type's name in error texts: Go's.</summary>
    static abstract string GoType { get; }

    /// <summary>What null stands for in a list or a map.</summary>
    static abstract T Zero { get; }

    static abstract bool IsZero(T value);

    /// <summary>Reads the value the reader is on, which is not null.</summary>
    static abstract T Read(ref JsonInput input);

    static abstract void Write(ref JsonOutput output, T value);

    /// <summary>Makes of a value that came in protobuf what reading its JSON would have made.</summary>
    /// <exception cref="JsonDecodeException">JSON could not have said it.</exception>
    static virtual void Normalize(T value)
    {
    }
}
