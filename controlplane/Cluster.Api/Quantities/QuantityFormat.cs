namespace Cluster.Api.Quantities;

/// <summary>The family of suffixes a quantity was written with, and is written with again.</summary>
public enum QuantityFormat
{
    /// <summary>Powers of 1000: <c>n u m k M G T P E</c>.</summary>
    DecimalSi,

    /// <summary>Powers of 1024: <c>Ki Mi Gi Ti Pi Ei</c>.</summary>
    BinarySi,

    /// <summary>Scientific: <c>12e6</c>.</summary>
    DecimalExponent,
}
