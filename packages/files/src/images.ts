export { decodeImage } from './images/decode.ts';
export {
  type Channels,
  type Image,
  type ImageDataLike,
  type ImageLayout,
  type ImageTensorOptions,
  imageData,
  imageFromData,
  imageTensor,
  type TensorImageOptions,
  tensorImage,
  withChannels,
} from './images/image.ts';
export { decodeJpeg } from './images/jpeg.ts';
export { type DecodeImageOptions, decodePng, encodePng } from './images/png.ts';
