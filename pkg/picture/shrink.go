package picture

import (
	"context"
	"image"
	"image/draw"
)

// shrink returns a picture that fits into a square of the given side, as it is when it does
// already. A pixel of it is the mean of what it covers. It goes over the source row by row,
// because the scalers that are to be had keep a copy of 32 bytes for a pixel.
func shrink(ctx context.Context, src image.Image, side int) (*image.RGBA, error) {
	from := src.Bounds()
	w, h := fit(from.Dx(), from.Dy(), side)
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	row := image.NewRGBA(image.Rect(0, 0, from.Dx(), 1))
	sums, total := make([]uint64, 4*w), make([]uint64, 4*w)
	area := uint64(from.Dx()) * uint64(from.Dy()) //nolint:gosec // both are positive
	for y, out := 0, 0; y < from.Dy(); y++ {
		if y%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		draw.Draw(row, row.Rect, src, image.Pt(from.Min.X, from.Min.Y+y), draw.Src)
		sumRow(sums, row.Pix, from.Dx(), w)
		// A source row covers h units of height, a row of the result from.Dy() units.
		first := min(h, (out+1)*from.Dy()-y*h)
		add(total, sums, first)
		if (y+1)*h < (out+1)*from.Dy() {
			continue
		}
		for i := range total {
			dst.Pix[out*dst.Stride+i] = uint8((total[i] + area/2) / area) //nolint:gosec // a mean of bytes
		}
		clear(total)
		out++
		add(total, sums, h-first)
	}
	return dst, nil
}

// fit returns the size of a picture made small enough, never larger.
func fit(w, h, side int) (int, int) {
	switch {
	case w <= side && h <= side:
		return w, h
	case w >= h:
		return side, max(1, h*side/w)
	default:
		return max(1, w*side/h), side
	}
}

// sumRow adds up a row of so many pixels into one of w, weighted by how much of each pixel lies in
// which: a source pixel is w units wide, one of the sums n.
func sumRow(sums []uint64, row []uint8, n, w int) {
	clear(sums)
	for x, out := 0, 0; x < n; x++ {
		first := min(w, (out+1)*n-x*w)
		pixel := row[4*x : 4*x+4]
		for c, v := range pixel {
			sums[4*out+c] += uint64(v) * uint64(first) //nolint:gosec // positive
		}
		if (x+1)*w < (out+1)*n {
			continue
		}
		out++
		if rest := w - first; rest > 0 {
			for c, v := range pixel {
				sums[4*out+c] += uint64(v) * uint64(rest)
			}
		}
	}
}

func add(total, sums []uint64, weight int) {
	for i, v := range sums {
		total[i] += v * uint64(weight) //nolint:gosec // never negative
	}
}

// turn undoes what an EXIF orientation says was done to a picture.
func turn(src *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	dst := image.NewRGBA(size)
	for y := range h {
		for x := range w {
			dx, dy := turned(x, y, w, h, orientation)
			copy(dst.Pix[dst.PixOffset(dx, dy):], src.Pix[src.PixOffset(x, y):][:4])
		}
	}
	return dst
}

// turned returns where a pixel belongs.
func turned(x, y, w, h, orientation int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	default: // 8
		return y, w - 1 - x
	}
}
