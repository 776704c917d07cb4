package main

import (
	"fmt"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Texts and quantities that encoders get wrong first.
const oddText = "a<b>&\"c\"\\ \u00e9 \u2028 \U0001F600\n\x07"

var quantities = []string{"100m", "1", "1Gi", "1.5Gi", "0.5", "2048Ki", "1e3", "12E6", "1000k", "0", "1.500", "999n", "123456789123456789", "5Ei"}

// filler sets fields by reflection, each with a value that tells it from its neighbours.
type filler struct {
	// odd fills with zero values behind pointers, strange texts and the start of time.
	odd   bool
	count int
}

func (f *filler) next() int {
	f.count++
	return f.count
}

func (f *filler) fill(v reflect.Value, name string) {
	if f.special(v) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		f.fillStruct(v)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if !f.odd || isTime(v.Type().Elem()) {
			f.fill(v.Elem(), name)
		}
	case reflect.Slice:
		f.fillSlice(v, name)
	case reflect.Map:
		f.fillMap(v, name)
	case reflect.String:
		if f.odd {
			v.SetString(oddText)
		} else {
			v.SetString(fmt.Sprintf("%s-%d", name, f.next()))
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64, reflect.Int:
		n := int64(f.next())
		if f.odd {
			n = -(1 << 31)
		}
		v.SetInt(n)
	case reflect.Uint8:
		v.SetUint(uint64(f.next() % 256))
	default:
		panic(fmt.Sprintf("%s: %s", name, v.Kind()))
	}
}

func isTime(t reflect.Type) bool {
	return t == reflect.TypeOf(metav1.Time{}) || t == reflect.TypeOf(metav1.MicroTime{})
}

func (f *filler) special(v reflect.Value) bool {
	start := time.Unix(0, 0)
	if !f.odd {
		start = time.Date(2024, 2, 29, 23, 59, 58, 0, time.UTC).Add(time.Duration(f.count) * time.Second)
	}
	switch target := v.Addr().Interface().(type) {
	case *metav1.TypeMeta:
		// Only the outermost object has one, and there the maker sets it.
	case *metav1.Time:
		*target = metav1.NewTime(start)
	case *metav1.MicroTime:
		*target = metav1.NewMicroTime(start.Add(time.Duration(f.next()) * time.Microsecond))
	case *metav1.Duration:
		target.Duration = time.Duration(f.next()) * 1234567 * time.Microsecond
	case *resource.Quantity:
		*target = resource.MustParse(quantities[f.next()%len(quantities)])
	case *intstr.IntOrString:
		if f.next()%2 == 0 {
			*target = intstr.FromInt32(int32(f.count))
		} else {
			*target = intstr.FromString(fmt.Sprintf("%d%%", f.count))
		}
	case *runtime.RawExtension:
		target.Raw = []byte(fmt.Sprintf(`{"kind":"Any","value":[%d,"x y",null,1.50]}`, f.next()))
	case *metav1.FieldsV1:
		target.Raw = []byte(fmt.Sprintf(`{"f:metadata":{"f:labels":{".":{},"f:a%d":{}}}}`, f.next()))
	default:
		return false
	}
	return true
}

func (f *filler) fillStruct(v reflect.Value) {
	for i := 0; i < v.NumField(); i++ {
		field := v.Type().Field(i)
		if field.IsExported() && field.Tag.Get("json") != "-" {
			f.fill(v.Field(i), field.Name)
		}
	}
}

func (f *filler) fillSlice(v reflect.Value, name string) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		v.SetBytes([]byte{byte(f.next()), 0, 255, '<'})
		return
	}
	n := 1
	if v.Type().Elem().Kind() == reflect.String {
		n = 2
	}
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := 0; i < n; i++ {
		if !f.odd || v.Type().Elem().Kind() != reflect.Struct {
			f.fill(v.Index(i), name)
		}
	}
}

func (f *filler) fillMap(v reflect.Value, name string) {
	v.Set(reflect.MakeMap(v.Type()))
	keys := []string{"z", "example.com/a", "B"}
	if f.odd {
		keys = []string{oddText, "\uffee", "e"}
	}
	for _, key := range keys {
		element := reflect.New(v.Type().Elem()).Elem()
		f.fill(element, name)
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), element)
	}
}
